package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Roofline;
import io.tangentflow.backend.check.OperationCheck;
import io.tangentflow.backend.check.OperationCheck.Outcome;
import io.tangentflow.backend.check.OperationChecks;
import io.tangentflow.backend.check.OperationRate;
import io.tangentflow.data.NetworkFile;
import io.tangentflow.data.NetworkFile.Network;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "selftest",
    mixinStandardHelpOptions = true,
    description = {
      "Check a backend on this machine: every operation against the FP64 reference over odd sizes, then"
          + " the outputs, gradients and kernels of ten networks; then measure the rate of each operation.",
      "Exit code 1 if a check does not hold."
    })
final class SelftestCommand implements Callable<Integer> {

  private static final int DISAGREEMENT = 1;

  @Mixin private Console console;
  @Mixin private MemoryOption memory;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = Backends.AUTO,
      description =
          "auto, cuda (or cuda:1 …), cpu-vector or cpu-scalar; see 'info' (default: ${DEFAULT-VALUE}).")
  private String backendName;

  @Option(
      names = "--precision",
      split = ",",
      paramLabel = "P",
      defaultValue = "fp32,fp64",
      description = "Any of fp32, fp64 and, on cuda, tf32 (default: ${DEFAULT-VALUE}).")
  private List<String> precisions;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads (default: the processors of this machine).")
  private Integer threads;

  @Option(names = "--no-rates", description = "Check only; measure no rates.")
  private boolean noRates;

  @Override
  public Integer call() {
    List<Precision> tested = precisions.stream().map(Precision::named).toList();
    int useThreads = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ArrayNode runs = root.putArray("runs");
    StringBuilder text = new StringBuilder();
    List<String> failures = new ArrayList<>();
    int checks = 0;
    String subject = backendName;
    for (Precision precision : tested) {
      try (Backend backend = Backends.open(backendName, new BackendOptions(precision, useThreads));
          Backend reference = Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1))) {
        subject = backend.name();
        console.status("checking " + backend.name() + ", " + backend.description());
        Run run = new Run(backend, reference, runs.addObject(), failures);
        text.append(run.operations()).append("\n\n").append(run.networks()).append("\n\n");
        checks += run.checks;
        if (!noRates) {
          text.append(run.rates()).append("\n\n");
        }
      }
    }
    root.put("backend", subject).put("checks", checks).put("agrees", failures.isEmpty());
    ArrayNode failed = root.putArray("failures");
    failures.forEach(failed::add);
    text.append(
        failures.isEmpty()
            ? "all " + checks + " checks of " + subject + " hold"
            : failures.size()
                + " of "
                + checks
                + " checks of "
                + subject
                + " DO NOT HOLD: "
                + String.join(", ", failures));
    console.result(text.toString(), root);
    return failures.isEmpty() ? 0 : DISAGREEMENT;
  }

  /** The self-test of one precision. */
  private final class Run {
    private final Backend backend;
    private final Backend reference;
    private final ObjectNode node;
    private final List<String> failures;
    private int checks;

    Run(Backend backend, Backend reference, ObjectNode node, List<String> failures) {
      this.backend = backend;
      this.reference = reference;
      this.node = node;
      this.failures = failures;
      node.put("backend", backend.name())
          .put("description", backend.description())
          .put("precision", backend.precision().toString());
    }

    String operations() {
      Table table =
          Table.of(
              "Operations in "
                  + backend.precision()
                  + ", the largest error as a fraction of its bound:",
              Table.Column.left("operation"),
              Table.Column.right("numbers"),
              Table.Column.right("error / bound"),
              Table.Column.left("verdict"));
      ArrayNode list = node.putArray("operations");
      List<OperationCheck> all = OperationChecks.all();
      try (Console.Progress progress = console.progress("operations", all.size())) {
        for (OperationCheck check : all) {
          progress.detail(check.name());
          Outcome outcome = check.run(backend, reference);
          table =
              table.row(
                  Cell.of(check.name()),
                  Cell.of(outcome.numbers()),
                  Cell.of(outcome.worst(), 2),
                  verdict(check.name(), outcome));
          ObjectNode entry =
              list.addObject()
                  .put("operation", check.name())
                  .put("numbers", outcome.numbers())
                  .put("errorOverBound", outcome.worst())
                  .put("agrees", outcome.holds());
          outcome.fault().ifPresent(fault -> entry.put("fault", fault));
          progress.at(list.size());
        }
      }
      return table.toText().stripTrailing();
    }

    String networks() {
      double tolerance = NetworkEvaluation.tolerance(backend.precision());
      Table table =
          Table.of(
              String.format(
                  "Networks in %s, the largest difference from automatic differentiation, relatively"
                      + " (tolerance %s):",
                  backend.precision(), Numbers.shortest(tolerance)),
              Table.Column.left("network"),
              Table.Column.right("difference"),
              Table.Column.left("verdict"));
      ArrayNode list = node.putArray("networks");
      for (Network network : NetworkFile.reference()) {
        String name = NetworkEvaluation.name(network);
        ObjectNode entry = list.addObject().put("network", name);
        // One reference output is 1e52, beyond FP32: there the overflow must be named.
        boolean beyond =
            backend.precision().single()
                && network.expected().orElseThrow().outputs().norm() > Float.MAX_VALUE;
        boolean agrees;
        Cell found;
        try {
          NetworkEvaluation evaluation =
              NetworkEvaluation.of(network, backend, memory.budget(backend));
          double worst =
              DoubleStream.of(evaluation.differences(network.expected().orElseThrow()))
                  .max()
                  .orElseThrow();
          agrees = !beyond && worst <= tolerance;
          found = Cell.of(worst, 2);
          entry.put("largestDifference", worst);
        } catch (NonFiniteState e) {
          agrees = beyond;
          found = Cell.of("beyond " + backend.precision());
          entry.put("failure", e.getMessage());
        }
        entry.put("agrees", agrees);
        table = table.row(Cell.of(name), found, verdict(name, agrees));
      }
      return table.toText().stripTrailing();
    }

    private Cell verdict(String check, Outcome outcome) {
      Cell verdict = verdict(check, outcome.holds());
      return outcome.fault().map(fault -> Cell.of("DIFFERS: it " + fault)).orElse(verdict);
    }

    private Cell verdict(String check, boolean holds) {
      checks++;
      if (!holds) {
        failures.add(check + " in " + backend.precision());
      }
      return Cell.of(holds ? "agrees" : "DIFFERS");
    }

    String rates() {
      if (backend.emulated()) {
        return "No rates: an emulation runs the kernels, and its times mean nothing.";
      }
      Optional<Roofline> roofline = backend.roofline();
      Table table =
          Table.of(
              "Rates in "
                  + backend.precision()
                  + roofline
                      .map(
                          peak ->
                              String.format(
                                  "; the device's peak is %.0f GB/s, %.0f GFLOP/s, and %.0f GFLOP/s"
                                      + " in products",
                                  peak.gigabytesPerSecond(),
                                  peak.gigaflops(backend.precision()),
                                  peak.gigaflopsOfProducts(backend.precision())))
                      .orElse("")
                  + ":",
              Table.Column.left("operation"),
              Table.Column.right("seconds"),
              Table.Column.right("GB/s"),
              Table.Column.right("GFLOP/s"),
              Table.Column.right("% of the peak that bounds it"));
      ArrayNode list = node.putArray("rates");
      for (OperationRate rate :
          OperationRate.measure(backend, memory.budget(backend).deviceBytes())) {
        Optional<Double> fraction =
            roofline.flatMap(peak -> rate.fractionOf(peak, backend.precision()));
        table =
            table.row(
                Cell.of(rate.name()),
                Cell.of(rate.seconds(), 3),
                Cell.of(rate.gigabytesPerSecond(), 3),
                rate.flops() == 0 ? Cell.of("–") : Cell.of(rate.gigaflops(), 3),
                fraction.map(f -> Cell.of(100 * f, 3)).orElse(Cell.of("–")));
        ObjectNode entry =
            list.addObject()
                .put("operation", rate.name())
                .put("seconds", rate.seconds())
                .put("gigabytesPerSecond", rate.gigabytesPerSecond())
                .put("gflops", rate.gigaflops());
        fraction.ifPresent(f -> entry.put("fractionOfPeak", f));
      }
      return table.toText().stripTrailing();
    }
  }
}
