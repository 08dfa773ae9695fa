package io.tangentflow.sweep.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.tangentflow.TangentFlowException.CudaFailure;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.Seat;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.WorkerProvider;
import io.tangentflow.sweep.Workload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;

/**
 * Units that compute a number and can be told to fail. Each attempt leaves a file, so that a test
 * counts what was really computed, in whichever process.
 */
public final class TrialUnits implements WorkerProvider {

  private static final String KIND = "trial";

  /**
   * @param attempts a directory
   * @param version that workers say they are of; empty for that of the program
   */
  record Setting(String attempts, String version) {}

  /** What a unit does. */
  enum Act {
    COMPUTE,
    WARN,
    FAIL_TWICE,
    FAIL,
    DIVERGE,
    BREAK_THE_DEVICE_ONCE,
    BREAK_THE_DEVICE,
    FIND_THE_DISK_FULL
  }

  /**
   * @param number that the result depends on
   * @param millis that it takes
   */
  record Unit(int number, Act act, long millis) {}

  static Workload workload(Path attempts) {
    return Workload.of(KIND, attempts.toString(), new Setting(attempts.toString(), ""));
  }

  static Workload ofVersion(String version) {
    return Workload.of(KIND, version, new Setting("", version));
  }

  static WorkUnit unit(Workload workload, int number, Act act, long millis, double operations) {
    return WorkUnit.of(workload, "unit " + number, operations, new Unit(number, act, millis));
  }

  /** How many attempts there were at a unit. */
  static long attempts(Path directory, int number) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(f -> f.getFileName().toString().startsWith(number + "-")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Worker open(Workload workload, Seat seat) {
    return new TrialWorker(Wire.value(workload.setting().toString(), Setting.class), seat);
  }

  private record TrialWorker(Setting setting, Seat seat) implements Worker {

    @Override
    public Preparation prepare() {
      return new Preparation(
          "trial",
          seat.backend("cuda"),
          setting.version().isEmpty() ? Manifest.programVersion() : setting.version(),
          MemoryBudget.shared(1 << 20));
    }

    @Override
    public JsonNode compute(JsonNode tree, Listener listener) {
      Unit unit = Wire.value(tree.toString(), Unit.class);
      Path attempts = Path.of(setting.attempts());
      long before = attempts(attempts, unit.number());
      try {
        Files.createFile(attempts.resolve(unit.number() + "-" + UUID.randomUUID()));
        Thread.sleep(unit.millis());
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
      boolean first = before == 0;
      switch (unit.act()) {
        case COMPUTE -> {}
        case WARN -> listener.warning("the number " + unit.number() + " is small");
        case FAIL_TWICE -> {
          if (before < 2) {
            throw new IllegalStateException("attempt " + before + " is not to succeed");
          }
        }
        case FAIL -> throw new IllegalStateException("never to succeed");
        case DIVERGE -> throw new IllegalStateException(new TrainingDiverged(7, Double.NaN));
        case BREAK_THE_DEVICE_ONCE -> {
          if (first) {
            throw new CudaFailure(719, "CUDA_ERROR_LAUNCH_FAILED", "cuStreamSynchronize");
          }
        }
        case BREAK_THE_DEVICE ->
            throw new CudaFailure(719, "CUDA_ERROR_LAUNCH_FAILED", "cuStreamSynchronize");
        case FIND_THE_DISK_FULL ->
            throw new RunDirectoryConflict(attempts, "cannot be written (the disk is full)");
      }
      return JsonNodeFactory.instance
          .objectNode()
          .put("number", unit.number())
          .put("value", Math.sin(unit.number()) / 3)
          .put("process", ProcessHandle.current().pid())
          .put("executor", seat.executor())
          .put("device", seat.device().orElse(-1))
          .put("launched", TaskContext.get() == null ? -1 : TaskContext.get().taskAttemptId());
    }

    @Override
    public void close() {
      if (!setting.attempts().isEmpty()) {
        try {
          Files.createFile(Path.of(setting.attempts(), "closed-" + UUID.randomUUID()));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }
}
