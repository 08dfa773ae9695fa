package io.tangentflow.sweep.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.BackendUnavailable;
import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.TangentFlowException.CudaFailure;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.sweep.Worker;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;

/**
 * What an executor does in one task: from one string to one {@link Outcome} as a string. A failure
 * that any process would meet again is an outcome. One that another attempt, perhaps elsewhere, may
 * not meet is thrown, so that Spark makes that attempt.
 */
abstract class ExecutorTask extends AbstractFunction1<Iterator<String>, String>
    implements Serializable {

  private static final long serialVersionUID = 1L;

  /** With which an executor ends itself whose CUDA context is broken: that of the failure. */
  static final int BROKEN_DEVICE = 6;

  private final String workload;
  private final String exchange;
  private final String sharedFile;

  /** The parameters are those of {@link ProcessWorker#use}. */
  ExecutorTask(String workload, String exchange, String sharedFile) {
    this.workload = workload;
    this.exchange = exchange;
    this.sharedFile = sharedFile;
  }

  /** The result for a payload. */
  abstract JsonNode compute(ProcessWorker.Access process, String payload, Worker.Listener listener);

  @Override
  public final String apply(Iterator<String> payloads) {
    String payload = payloads.next();
    Warnings warnings = new Warnings();
    try {
      JsonNode result =
          ProcessWorker.use(
              workload, exchange, sharedFile, process -> compute(process, payload, warnings));
      return Wire.text(outcome(0, "", warnings, result));
    } catch (RuntimeException | Error e) {
      return Wire.text(failure(e, warnings));
    }
  }

  private static Outcome failure(Throwable thrown, Warnings warnings) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof ProcessWorker.Unshared unshared) {
        return foreseen(unshared.failure(), warnings);
      }
      if (cause instanceof CudaFailure failure) {
        endProcess(failure);
        throw failure;
      }
      if (cause instanceof BackendUnavailable
          || cause instanceof RunDirectoryConflict
          || cause instanceof ClusterFailure) {
        throw (TangentFlowException) cause;
      }
      if (cause instanceof TangentFlowException foreseen) {
        return foreseen(foreseen, warnings);
      }
      if (cause instanceof OutOfMemoryError error) {
        TangentFlowException heap = TangentFlowException.OutOfMemory.ofHeap("it", error);
        return outcome(
            heap.exitCode(),
            "its heap ran out; raise it by TANGENTFLOW_OPTS=-Dspark.executor.memory=..., or lower"
                + " --samples or --width",
            warnings,
            NullNode.getInstance());
      }
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) thrown;
  }

  private static Outcome foreseen(TangentFlowException failure, Warnings warnings) {
    return outcome(failure.exitCode(), failure.getMessage(), warnings, NullNode.getInstance());
  }

  /** Nothing of a broken context can be used again; Spark starts another process. */
  private static void endProcess(CudaFailure failure) {
    if (ProcessWorker.isOfTheCluster()) {
      System.err.println(
          "tangentflow: this executor ends itself, as its device's context is broken: "
              + failure.getMessage());
      Runtime.getRuntime().halt(BROKEN_DEVICE);
    }
  }

  private static Outcome outcome(int code, String sentence, Warnings warnings, JsonNode result) {
    return new Outcome(
        ProcessWorker.executor(), ProcessWorker.host(), code, sentence, warnings.lines(), result);
  }

  /** Warnings travel with the answer; what is only of interest while it lasts is logged here. */
  private static final class Warnings implements Worker.Listener {
    private static final System.Logger LOG = System.getLogger(ExecutorTask.class.getName());

    private final List<String> lines = new ArrayList<>();

    @Override
    public void status(String line) {
      LOG.log(System.Logger.Level.INFO, line);
    }

    @Override
    public synchronized void warning(String line) {
      lines.add(line);
    }

    @Override
    public void progress(double fraction, String words) {
      LOG.log(System.Logger.Level.DEBUG, () -> words + ": " + fraction);
    }

    synchronized List<String> lines() {
      return List.copyOf(lines);
    }
  }
}
