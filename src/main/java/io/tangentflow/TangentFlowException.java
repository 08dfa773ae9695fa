package io.tangentflow;

import java.io.Serial;
import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The root of every failure that TangentFlow foresees. Each kind carries one sentence that tells
 * its reader what to change, and the exit code that the command line ends with.
 */
public abstract sealed class TangentFlowException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  /** Characters of a sentence that repeats what it was given. */
  private static final int LONGEST = 1000;

  private final int exitCode;

  TangentFlowException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /**
   * What a file, or whoever called, has to say, for a sentence on one line: without control
   * characters, which a terminal would obey, and without the middle of what is long.
   */
  private static String legible(String words) {
    String plain = words.replaceAll("\\p{Cc}+", "\uFFFD");
    int length = plain.length();
    return length <= LONGEST
        ? plain
        : plain.substring(0, LONGEST / 2) + " … " + plain.substring(length - LONGEST / 2);
  }

  /** {@return the exit code of a command that ends with this failure} */
  @API(status = Status.STABLE, since = "0.1")
  public final int exitCode() {
    return exitCode;
  }

  /**
   * A parameter outside its domain. {@code field} is the name its user knows it by. Exit code 2.
   */
  @API(status = Status.STABLE, since = "0.1")
  public static final class InvalidConfiguration extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    /** A value that is refused, and why. */
    public InvalidConfiguration(String field, String why) {
      super(2, field + ": " + legible(why), null);
    }
  }

  /**
   * A file that is not what its format says. {@code offset} counts bytes, or lines for text
   * formats, as {@code unit} says. Exit code 3.
   */
  @API(status = Status.STABLE, since = "0.1")
  public static final class DataFormat extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    /** A fault at a place in the file. */
    public DataFormat(Path path, String unit, long offset, String why) {
      super(3, legible(path.toString()) + ", " + unit + " " + offset + ": " + legible(why), null);
    }

    /** A fault of the whole file, or of reading it. */
    public DataFormat(Path path, String why, Throwable cause) {
      super(3, legible(path.toString()) + ": " + legible(why), cause);
    }
  }

  /**
   * No backend of the asked kind can run here; the chain says why each was refused. Exit code 4.
   */
  @API(status = Status.STABLE, since = "0.1")
  public static final class BackendUnavailable extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    /** What was asked for, and why each candidate was refused. */
    public BackendUnavailable(String asked, List<String> chain) {
      super(4, "backend " + asked + " is not usable here: " + String.join("; ", chain), null);
    }
  }

  /**
   * A plan that does not fit in its memory budget, with nothing allocated for it; or memory that
   * was not there although a plan counted on it. Exit code 5.
   */
  @API(status = Status.STABLE, since = "0.1")
  public static final class OutOfMemory extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    /** A plan within the JVM's heap. */
    public OutOfMemory(String plan, long bytesNeeded, long bytesOfBudget) {
      this(
          String.format(
              "%s needs %s but the memory budget is %s; lower --samples, --width or --depth, or"
                  + " raise --memory (and the JVM's heap: TANGENTFLOW_OPTS=-Xmx...)",
              plan, needed(bytesNeeded), given(bytesOfBudget)),
          null);
    }

    private OutOfMemory(String sentence, Throwable cause) {
      super(5, sentence, cause);
    }

    /** A plan for a device with memory of its own. */
    public static OutOfMemory ofDevice(String plan, long bytesNeeded, long bytesOfBudget) {
      return new OutOfMemory(
          String.format(
              "%s needs %s of device memory but the budget is %s; lower --samples, --width or"
                  + " --depth, or raise --memory",
              plan, needed(bytesNeeded), given(bytesOfBudget)),
          null);
    }

    /**
     * The JVM's memory ran out where no plan had foreseen it.
     *
     * @param what the work that it ended
     * @param error with the JVM's own word on which memory it was
     */
    public static OutOfMemory ofHeap(String what, OutOfMemoryError error) {
      return new OutOfMemory(
          what
              + " ran out of memory ("
              + error.getMessage()
              + "); raise the JVM's heap by TANGENTFLOW_OPTS=-Xmx..., or lower --samples or --width",
          error);
    }

    /** A matrix that is too large for a Java array, whatever memory there is. */
    @API(status = Status.INTERNAL)
    public static OutOfMemory ofArray(int rows, int columns) {
      return new OutOfMemory(
          String.format(
              "a matrix of %d × %d has more entries than the 2³¹ of a Java array; lower --width or"
                  + " --samples, or take --backend cuda",
              rows, columns),
          null);
    }

    /** A call of the CUDA driver or of one of its libraries that found no memory. */
    public static OutOfMemory ofCall(String call, String answer) {
      return new OutOfMemory(
          call
              + " answered "
              + answer
              + "; lower --memory, --samples or --width, or end what else uses the device",
          null);
    }

    /** The same, its sentence begun with the work that it ended. */
    @API(status = Status.INTERNAL)
    public OutOfMemory during(String what) {
      return new OutOfMemory("during " + what + ": " + getMessage(), this);
    }

    /** So many bytes in the unit that suits them. */
    @API(status = Status.INTERNAL)
    public static String bytes(long count) {
      return inTenths(count, Math::rint);
    }

    /** Rounded up: a budget of as much as is printed is to be enough. */
    private static String needed(long count) {
      return inTenths(count, Math::ceil);
    }

    /** Rounded down, so that it differs from what is needed. */
    private static String given(long count) {
      return inTenths(count, Math::floor);
    }

    private static String inTenths(long count, DoubleUnaryOperator rounding) {
      if (count < 1L << 10) {
        return count + " B";
      }
      int shift = count < 1L << 20 ? 10 : count < 1L << 30 ? 20 : 30;
      double tenths = rounding.applyAsDouble(10.0 * count / (1L << shift));
      return String.format("%.1f %ciB", tenths / 10, "KMG".charAt(shift / 10 - 1));
    }
  }

  /** A call of the CUDA driver or of one of its libraries that failed. Exit code 6. */
  @API(status = Status.STABLE, since = "0.1")
  public static final class CudaFailure extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    private final int code;

    private CudaFailure(CudaFailure cause, String what) {
      super(6, "during " + what + ": " + cause.getMessage(), cause);
      this.code = cause.code;
    }

    /**
     * @param code what the call answered
     * @param name of the code, as NVIDIA's documentation has it
     * @param call the function; an asynchronous fault shows at a later call than the one at fault
     */
    public CudaFailure(int code, String name, String call) {
      super(
          6,
          String.format(
              "%s answered %s (%d); the device's work is lost; 'selftest --backend cuda' tells"
                  + " whether the device and its driver are sound",
              call, name, code),
          null);
      this.code = code;
    }

    /** The same failure, its sentence begun with the work that it ended. */
    @API(status = Status.INTERNAL)
    public CudaFailure during(String what) {
      return new CudaFailure(this, what);
    }

    /** What the call answered. */
    public int code() {
      return code;
    }
  }

  /** A result that left the finite numbers. Exit code 7. */
  @API(status = Status.STABLE, since = "0.1")
  public static final class NonFiniteState extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    /**
     * @param what overflowed: the state, its adjoint or the tangent kernel
     * @param sample the first one concerned, from 0
     * @param time in units of the horizon's
     */
    public NonFiniteState(String what, int sample, double time) {
      super(
          7,
          String.format(
              "the %s of sample %d is not finite at t = %.6g; shorten --horizon, lower --sigma-w,"
                  + " take more steps or use --precision fp64",
              what, sample, time),
          null);
    }

    /** A sum over all samples and times. */
    public NonFiniteState(String what) {
      super(
          7,
          "the "
              + what
              + " is not finite; shorten --horizon, lower --sigma-w or use --precision fp64",
          null);
    }

    /**
     * An output of one network of an ensemble.
     *
     * @param seed of that network's parameters
     * @param sample the first one concerned, from 0
     */
    public NonFiniteState(long seed, int sample) {
      super(
          7,
          String.format(
              "the output of the network of seed %d is not finite at sample %d; shorten --horizon,"
                  + " lower --sigma-w, take more steps or use --precision fp64",
              seed, sample),
          null);
    }
  }

  /** Steps that would have to be too short, or too many. Exit code 8. */
  @API(status = Status.STABLE, since = "0.1")
  public static final class StepSizeUnderflow extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    private final String why;
    private final int sample;
    private final double time;
    private final double step;

    /**
     * @param why for the beginning of a sentence: "no step is short enough"
     * @param sample of the largest error, from 0
     * @param time that was reached, in units of the horizon's
     * @param step the last that was tried
     */
    public StepSizeUnderflow(String why, int sample, double time, double step) {
      super(
          8,
          String.format(
              "%s at t = %.9g, for sample %d first (the last one tried was %.1e): the solution"
                  + " blows up there or is too stiff; shorten --horizon, lower --sigma-w or raise the"
                  + " tolerance",
              why, time, sample, step),
          null);
      this.why = why;
      this.sample = sample;
      this.time = time;
      this.step = step;
    }

    /** The same failure, where the samples are those of a batch from {@code first} on. */
    @API(status = Status.INTERNAL)
    public StepSizeUnderflow inBatchFrom(int first) {
      return new StepSizeUnderflow(why, first + sample, time, step);
    }
  }

  /** Training whose loss left the finite numbers. Exit code 9. */
  @API(status = Status.STABLE, since = "0.1")
  public static final class TrainingDiverged extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    private final long step;

    /**
     * @param step that found it, from 0
     * @param loss not finite
     */
    public TrainingDiverged(long step, double loss) {
      super(
          9,
          String.format(
              "the loss is %s at step %d; lower --learning-rate, shorten --horizon or use"
                  + " --precision fp64",
              loss, step),
          null);
      this.step = step;
    }

    /** A network that could be solved for at the start, and cannot any more. */
    public TrainingDiverged(long step, TangentFlowException cause) {
      super(
          9,
          String.format(
              "training has diverged by step %d: %s; or lower --learning-rate",
              step, cause.getMessage()),
          cause);
      this.step = step;
    }

    /**
     * Gradient descent in a kernel that overflows.
     *
     * @param step by which it has, of those that were asked for
     * @param rate the learning rate η
     * @param greatestRate above which it diverges
     */
    public TrainingDiverged(long step, double rate, double greatestRate) {
      super(
          9,
          String.format(
              "the loss overflows by step %d: the learning rate %.4g exceeds 2/(λ_max + δ) = %.4g;"
                  + " lower --learning-rate",
              step, rate, greatestRate),
          null);
      this.step = step;
    }

    /** The step by which it was found, from 0. */
    public long step() {
      return step;
    }
  }

  /** A matrix that is no Gram matrix, or not positive definite where it has to be. Exit code 10. */
  @API(status = Status.STABLE, since = "0.1")
  public static final class KernelNotPositive extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    private KernelNotPositive(String sentence) {
      super(10, sentence, null);
    }

    /**
     * A matrix whose least eigenvalue is surely negative.
     *
     * @param eigenvalue λ_min
     * @param bound of its error, less than −λ_min
     */
    public KernelNotPositive(double eigenvalue, double bound) {
      this("the matrix", eigenvalue, bound);
    }

    /** The same of a matrix with a name. */
    public KernelNotPositive(String what, double eigenvalue, double bound) {
      this(
          String.format(
              "%s is not positive semi-definite, as a kernel's is: λ_min = %.3e, with an error"
                  + " of at most %.1e; if its entries were rounded, compute them in fp64",
              what, eigenvalue, bound));
    }

    /**
     * A matrix whose least eigenvalue is not surely positive.
     *
     * @param what the matrix
     * @param eigenvalue λ_min
     * @param bound of its error
     */
    public static KernelNotPositive singular(String what, double eigenvalue, double bound) {
      return new KernelNotPositive(
          String.format(
              "%s is singular within its error: λ_min = %.3e, with an error of at most %.1e;"
                  + " remove samples that repeat others, end training earlier, or add a --ridge"
                  + " greater than %.1e",
              what, eigenvalue, bound, 1.1 * (bound - eigenvalue)));
    }
  }

  /** A directory that holds something else, or cannot be written. Exit code 11. */
  @API(status = Status.STABLE, since = "0.1")
  public static final class RunDirectoryConflict extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    /** What is wrong with the directory. */
    public RunDirectoryConflict(Path path, String why) {
      super(11, legible(path.toString()) + ": " + legible(why), null);
    }

    /** The same with what the file system answered. */
    public RunDirectoryConflict(Path path, String why, Throwable cause) {
      super(11, legible(path.toString()) + ": " + legible(why), cause);
    }
  }

  /**
   * A cluster, or what its processes share, that does not do what it is there for. Exit code 12.
   */
  @API(status = Status.STABLE, since = "0.1")
  public static final class ClusterFailure extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    /** What failed, in a sentence. */
    public ClusterFailure(String sentence) {
      super(12, sentence, null);
    }

    /** The same with what was behind it. */
    public ClusterFailure(String sentence, Throwable cause) {
      super(12, sentence, cause);
    }
  }

  /**
   * A failure of another process that worked for this one, with the exit code that it has there.
   */
  @API(status = Status.STABLE, since = "0.1")
  public static final class ElsewhereFailure extends TangentFlowException {
    @Serial private static final long serialVersionUID = 1L;

    /**
     * @param exitCode of the failure
     * @param where the process, for the beginning of a sentence
     * @param sentence of the failure
     */
    public ElsewhereFailure(int exitCode, String where, String sentence) {
      super(exitCode, where + ": " + sentence, null);
    }
  }
}
