package io.tangentflow.cli;

import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.CudaEmulator;
import io.tangentflow.testing.Footprint;
import io.tangentflow.testing.Footprint.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * Commands of all kinds one after another in a JVM of its own, round after round. Each has to end
 * with its exit code and, in every round, with the same results. Prints how many there are in a
 * round, then after each round a {@link Footprint}.
 */
final class BackToBack {

  /**
   * Commands on files of their own.
   *
   * @param code with which they end
   * @param lines the commands, whose words are parted by blanks; DIR is a directory of theirs, IN
   *     one that all read
   */
  record Job(int code, List<String> lines) {
    Job(int code, String... lines) {
      this(code, List.of(lines));
    }
  }

  /** Which jobs. */
  enum Mix {
    /** Next to nothing, for what is planted. */
    NONE,
    /** A few kinds, for every build. */
    SOME,
    /** All kinds, on the CPU. */
    CPU,
    /** What works on a device, on the emulated one. */
    CUDA
  }

  /** What {@link #keep} keeps for each job, in units of the kind. */
  static final Map<Kind, Double> PLANTED =
      Map.of(
          Kind.HEAP, 10_000.0,
          Kind.CLASSES, 1.0,
          Kind.DIRECT, 10_000.0,
          Kind.RESIDENT, 200_000.0,
          Kind.MAPPINGS, 1.0,
          Kind.FILES, 1.0,
          Kind.THREADS, 1.0,
          Kind.TEMPORARY, 1.0);

  private static final String SMALL = " --samples 5 --width 8 --depth 2 ";

  private static final List<Job> SOME =
      List.of(
          new Job(0, "ntk" + SMALL + "--out DIR/K.npy"),
          new Job(0, "limit --samples 4 --out DIR/K.npy"),
          new Job(0, "train" + SMALL + "--steps 2 --predict none --out DIR/run"),
          new Job(0, "ensemble --networks 20 --width 8 --samples 2 --out DIR/f.npy"),
          new Job(2, "ntk --width 0"),
          new Job(5, "ntk" + SMALL + "--memory 4k"));

  /** Of a thread that is interrupted before it begins, which nothing here waits for. */
  private static final Job INTERRUPTED = new Job(0, "ntk" + SMALL + "--store DIR/store --tile 2");

  private static final List<Job> REST =
      List.of(
          INTERRUPTED,
          new Job(0, "ntk" + SMALL + "--gram explicit --out DIR/K.npy"),
          new Job(0, "ntk" + SMALL + "--gram compressed --time-nodes 2 --out DIR/K.npy"),
          new Job(0, "ntk" + SMALL + "--backend cpu-scalar --precision fp64 --out DIR/K.npy"),
          new Job(0, "ntk" + SMALL + "--matrix-free"),
          new Job(
              0,
              "ntk" + SMALL + "--store DIR/store --tile 2",
              "gram verify DIR/store",
              "spectrum DIR/store --out DIR/l.npy",
              "gram export DIR/store --out DIR/K.npy"),
          new Job(0, "limit --samples 4 --activation relu --depth 3 --out DIR/K.npy"),
          new Job(0, "limit --norms 1,1 --dot 0.25"),
          new Job(0, "certify --samples 4"),
          new Job(0, "certify --gram IN/K.npy --learning-rate 0.1"),
          new Job(0, "spectrum IN/K.npy --out DIR/l.npy"),
          new Job(0, "spectrum IN/K.npy --extreme 1 --out DIR/l.npy"),
          new Job(0, "predict --samples 6 --test-samples 2 --out DIR/p"),
          new Job(0, "gradient --samples 2 --width 8"),
          new Job(0, "activation softplus"),
          new Job(0, "init --width 5 --input-dim 3 --out DIR/weights"),
          new Job(0, "convergence --width 8 --depth 2,4,8 --samples 2 --out DIR/c"),
          new Job(
              0,
              "sweep --width 8,16 --seeds 1 --samples 4 --depth 2 --out DIR/run",
              "resume DIR/run",
              "report DIR/run"),
          new Job(
              0,
              "train"
                  + SMALL
                  + "--steps 3 --optimiser adam --learning-rate 1e-3 --loss cross-entropy"
                  + " --checkpoint-every 1 --out DIR/run",
              "resume DIR/run"),
          new Job(0, "info"),
          new Job(0, "--version"),
          new Job(0, "ntk --help"),
          new Job(2, "ntk --no-such-option"),
          new Job(3, "spectrum IN/absent.npy"),
          new Job(3, "certify --gram IN/text.npy"),
          new Job(7, "ntk" + SMALL + "--sigma-w 1e30"),
          new Job(9, "train" + SMALL + "--steps 40 --learning-rate 1e6 --out DIR/run"),
          new Job(11, "sweep --width 8 --seeds 1 --samples 4 --out IN"));

  private static final String ON_DEVICE = " --backend cuda --samples 4 --width 8 --depth 2 ";

  private static final List<Job> CUDA =
      List.of(
          new Job(0, "ntk" + ON_DEVICE + "--out DIR/K.npy"),
          new Job(0, "ntk" + ON_DEVICE + "--gram explicit --precision fp64 --out DIR/K.npy"),
          new Job(0, "ntk" + ON_DEVICE + "--rng curand --out DIR/K.npy"),
          new Job(0, "ntk" + ON_DEVICE + "--store DIR/store --tile 2"),
          new Job(0, "limit --backend cuda --samples 4 --out DIR/K.npy"),
          new Job(
              0, "train" + ON_DEVICE + "--steps 2 --predict none --out DIR/run", "resume DIR/run"),
          new Job(
              0, "sweep --backend cuda --width 8,16 --seeds 1 --samples 3 --depth 2 --out DIR/run"),
          new Job(0, "ensemble --backend cuda --networks 10 --width 8 --samples 2 --out DIR/f.npy"),
          new Job(0, "ensemble --backend cuda --networks 6 --width 8 --samples 9 --out DIR/f.npy"),
          new Job(0, "gradient --backend cuda --samples 2 --width 8"),
          new Job(2, "ntk" + ON_DEVICE + "--memory 900g"),
          new Job(5, "ntk" + ON_DEVICE + "--memory 4k"),
          new Job(7, "ntk" + ON_DEVICE + "--sigma-w 1e30"));

  private final Path scratch;
  private final Map<Job, Written> results = new HashMap<>();
  private final List<Object> kept = new ArrayList<>();

  private BackToBack(Path scratch) {
    this.scratch = scratch;
  }

  /**
   * Runs them.
   *
   * @param args the {@link Mix}, rounds, an empty directory, and the kind of which each round shall
   *     keep something, or none
   */
  public static void main(String[] args) throws Exception {
    BackToBack process = new BackToBack(Path.of(args[2]));
    process.prepare();
    List<Job> jobs = jobs(Mix.valueOf(args[0]));
    System.out.println(jobs.size());
    for (int round = 0; round < Integer.parseInt(args[1]); round++) {
      for (Job job : jobs) {
        process.run(job);
      }
      if (args.length > 3) {
        for (int i = 0; i < jobs.size(); i++) {
          process.keep(Kind.valueOf(args[3]));
        }
      }
      System.out.println(Footprint.now().line());
    }
    System.exit(0);
  }

  static List<Job> jobs(Mix mix) {
    return switch (mix) {
      case NONE -> Collections.nCopies(10, new Job(0, "--version"));
      case SOME -> SOME;
      case CPU -> Stream.concat(SOME.stream(), REST.stream()).toList();
      case CUDA -> CUDA;
    };
  }

  private void prepare() throws IOException {
    Path in = Files.createDirectory(scratch.resolve("in"));
    Npy.write(
        in.resolve("K.npy"), new DenseMatrix(2, 2, new double[] {2, 1, 1, 2}), ElementType.FP64);
    Files.writeString(in.resolve("text.npy"), "no matrix");
  }

  private void run(Job job) throws Exception {
    Path directory = Files.createDirectory(scratch.resolve("job"));
    for (String line : job.lines()) {
      String words =
          line.replace("DIR", directory.toString()).replace("IN", scratch.resolve("in").toString());
      if (job.equals(INTERRUPTED)) {
        Thread.currentThread().interrupt();
      }
      Invocation invocation = Invocation.of((Object[]) words.strip().split(" +", -1));
      require(Thread.interrupted() == job.equals(INTERRUPTED), line, "the interruption is lost");
      require(invocation.code() == job.code(), line, invocation.code() + ": " + invocation.err());
      require(!invocation.err().contains("\tat "), line, invocation.err());
    }
    if (CudaEmulator.available()) {
      require(CudaEmulator.liveAllocations() == 0, job.lines().get(0), "device memory is left");
      require(CudaEmulator.leaks() == 0, job.lines().get(0), "the context ended with live objects");
      require(CudaEmulator.pendingOperations() == 0, job.lines().get(0), "operations are pending");
    }
    Written result = Written.in(directory);
    Written first = results.putIfAbsent(job, result);
    if (first != null) {
      result.assertSame(first, job.lines().get(0));
    }
    Written.clear(directory);
    Files.delete(directory);
  }

  private static void require(boolean condition, String line, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(line + ": " + otherwise);
    }
  }

  /** What a faulty job would leave behind. */
  private void keep(Kind kind) throws Exception {
    switch (kind) {
      case HEAP -> kept.add(new byte[10_000]);
      case DIRECT -> kept.add(ByteBuffer.allocateDirect(10_000));
      case RESIDENT -> {
        ByteBuffer pages = ByteBuffer.allocateDirect(200_000);
        for (int i = 0; i < pages.capacity(); i += 1024) {
          pages.put(i, (byte) 1);
        }
        kept.add(pages);
      }
      case FILES -> kept.add(new RandomAccessFile(scratch.resolve("in/K.npy").toFile(), "r"));
      case MAPPINGS -> {
        try (RandomAccessFile file =
            new RandomAccessFile(scratch.resolve("in/K.npy").toFile(), "r")) {
          kept.add(file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, file.length()));
        }
      }
      case THREADS -> {
        CountDownLatch never = new CountDownLatch(1);
        Thread thread =
            new Thread(
                () -> {
                  try {
                    never.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
        thread.setDaemon(true);
        thread.start();
      }
      case TEMPORARY -> Files.createTempFile("kept", null);
      case METASPACE -> throw new IllegalArgumentException("what is kept there are classes");
      case CLASSES -> {
        try (InputStream code = BackToBack.class.getResourceAsStream("PlainTraining.class")) {
          kept.add(MethodHandles.lookup().defineHiddenClass(code.readAllBytes(), false));
        }
      }
    }
  }
}
