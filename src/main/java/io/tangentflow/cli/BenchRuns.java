package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.experiment.timing.JobTime;
import io.tangentflow.experiment.timing.TimedJob;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** How often a job is timed. */
@Heading("Measurement")
final class BenchRuns {

  @Option(
      names = "--runs",
      paramLabel = "R",
      defaultValue = "10",
      description = "Timed runs, once the job is warm (default: ${DEFAULT-VALUE}).")
  int runs;

  /** Refuses to time nothing. */
  void require() {
    if (runs < 1) {
      throw new InvalidConfiguration("--runs", "must be at least 1, not " + runs);
    }
  }

  /** Times a job between two measurements of a large product. */
  JobTime time(
      Supplier<? extends TimedJob> job, Backend backend, long budgetBytes, Console console) {
    console.status("on " + backend.name() + ", " + backend.description());
    try (Console.Progress progress = console.progress("runs", runs)) {
      return JobTime.of(backend, budgetBytes, runs, job, progress::at);
    }
  }

  /** The rate of products under the name of BLAS for those in FP32; null in another precision. */
  static void putSgemm(ObjectNode node, double gigaflops, Backend backend) {
    node.put("sgemmGflops", backend.precision() == Precision.FP32 ? gigaflops : null);
  }

  /** What every job tells in JSON. */
  ObjectNode json(String job, JobTime time, Backend backend, int threads) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("job", job)
            .put("backend", backend.name())
            .put("precision", backend.precision().toString())
            .put("threads", threads);
    time.describe(node);
    putSgemm(node, time.gemmGigaflops(), backend);
    return node;
  }
}
