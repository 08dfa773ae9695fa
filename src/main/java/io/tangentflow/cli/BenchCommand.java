package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Roofline;
import io.tangentflow.backend.check.MeasuredRoofline;
import io.tangentflow.backend.check.OperationRate;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "[WHAT]",
    description = {
      "The rate of every hot operation here, beside what this machine was measured to do before and"
          + " after, in the same process: the FLOP/s of a large product and the bandwidth of a large"
          + " copy. With WHAT: the time of a computation on random inputs.",
      "A fraction is of whichever of the two bounds the operation. Beyond 1 it has found its matrices in"
          + " a cache; a larger --width leaves it."
    },
    subcommands = {
      BenchGradientCommand.class,
      BenchNtkCommand.class,
      BenchPlanCommand.class,
      BenchLimitCommand.class,
      BenchActivationCommand.class,
      BenchEnsembleCommand.class,
      BenchTrainingCommand.class,
      BenchScalingCommand.class
    })
final class BenchCommand implements Callable<Integer> {

  private static final int STEP_OF_WIDTHS = 64;

  @Mixin private Console console;
  @Mixin private BenchEngine engine;

  @Option(
      names = "--width",
      paramLabel = "N",
      description =
          "Order n of the matrices, a multiple of 64 (default: 2048, on a device 4096, or what fits).")
  private Integer width;

  @Override
  public Integer call() {
    try (Backend backend = engine.open()) {
      long budget = engine.budgetBytes(backend);
      int n = order(backend, budget);
      console.status("on " + backend.name() + ", " + backend.description());
      List<OperationRate> rates = new ArrayList<>();
      MeasuredRoofline peak =
          MeasuredRoofline.around(
              backend, engine.threads(), budget, () -> rates.addAll(rates(backend, budget, n)));
      print(backend, n, peak, rates);
    }
    return 0;
  }

  private List<OperationRate> rates(Backend backend, long budget, int n) {
    AtomicInteger begun = new AtomicInteger();
    try (Console.Progress progress = console.progress("operations", OperationRate.OPERATIONS)) {
      return OperationRate.measure(
          backend,
          budget,
          n,
          name -> {
            progress.detail(name);
            progress.at(begun.getAndIncrement());
          });
    }
  }

  private int order(Backend backend, long budget) {
    int greatest = OperationRate.greatestWidth(backend, budget);
    if (greatest < STEP_OF_WIDTHS) {
      throw new InvalidConfiguration("--memory", "is too little for matrices of order 64; give 1m");
    }
    if (width == null) {
      return OperationRate.width(backend, budget);
    }
    if (width < STEP_OF_WIDTHS || width % STEP_OF_WIDTHS != 0 || width > greatest) {
      throw new InvalidConfiguration(
          "--width",
          String.format(
              "must be a multiple of 64 from 64 to the %d that fit, not %d", greatest, width));
    }
    return width;
  }

  private void print(Backend backend, int n, MeasuredRoofline peak, List<OperationRate> rates) {
    Precision precision = backend.precision();
    Roofline roofline = peak.roofline();
    ObjectNode object =
        JsonNodeFactory.instance
            .objectNode()
            .put("backend", backend.name())
            .put("precision", precision.toString())
            .put("threads", engine.threads())
            .put("width", n)
            .put("gemmGflops", peak.best().gigaflops())
            .put("fp64GemmGflops", peak.best().gigaflopsOfFp64())
            .put("copyGigabytesPerSecond", peak.best().gigabytesPerSecond())
            .put("gemmOrder", peak.order())
            .put("copiedBytes", peak.copiedBytes());
    BenchRuns.putSgemm(object, peak.best().gigaflops(), backend);
    put(object.putObject("first"), peak.first());
    put(object.putObject("last"), peak.last());
    ArrayNode list = object.putArray("operations");
    Table table =
        Table.of(
            caption(backend, n, peak),
            Table.Column.left("operation"),
            Table.Column.right("seconds"),
            Table.Column.right("GB/s"),
            Table.Column.right("GFLOP/s"),
            Table.Column.right("fraction"),
            Table.Column.left("of"),
            Table.Column.right("ns per entry and core"));
    for (OperationRate rate : rates) {
      Optional<Double> fraction = rate.fractionOf(roofline, precision);
      boolean memory = rate.boundByMemory(roofline, precision);
      String bound = fraction.isEmpty() ? "–" : memory ? "copy" : "product";
      OptionalDouble perEntry =
          backend.sharesHostMemory()
              ? rate.nanosecondsPerEntry(engine.threads())
              : OptionalDouble.empty();
      table =
          table.row(
              Cell.of(rate.name()),
              Cell.of(rate.seconds(), 3),
              Cell.of(rate.gigabytesPerSecond(), 3),
              rate.flops() == 0 ? Cell.of("–") : Cell.of(rate.gigaflops(), 3),
              fraction.map(f -> Cell.of(f, 2)).orElse(Cell.of("–")),
              Cell.of(bound),
              perEntry.isPresent() ? Cell.of(perEntry.getAsDouble(), 3) : Cell.of("–"));
      list.addObject()
          .put("operation", rate.name())
          .put("seconds", rate.seconds())
          .put("gigabytesPerSecond", rate.gigabytesPerSecond())
          .put("gflops", rate.gigaflops())
          .put("fraction", fraction.orElse(null))
          .put("bound", fraction.isEmpty() ? null : bound)
          .put(
              "nanosecondsPerEntryAndCore",
              perEntry.isPresent() ? (Double) perEntry.getAsDouble() : null);
    }
    console.result(table.toText(), object);
  }

  private static void put(ObjectNode node, MeasuredRoofline.Rates rates) {
    node.put("gflops", rates.gigaflops())
        .put("fp64Gflops", rates.gigaflopsOfFp64())
        .put("copyGigabytesPerSecond", rates.gigabytesPerSecond());
  }

  private String caption(Backend backend, int n, MeasuredRoofline peak) {
    MeasuredRoofline.Rates first = peak.first();
    MeasuredRoofline.Rates last = peak.last();
    return String.format(
        "Matrices of order %d in %s, %d thread%s. Measured first and last: products of order %d %.3g"
            + " and %.3g GFLOP/s, in fp64 %.3g and %.3g; copies of %d MiB %.3g and %.3g GB/s. Of each"
            + " the better counts; they differ by %.0f, %.0f and %.0f %%.",
        n,
        backend.precision(),
        engine.threads(),
        engine.threads() == 1 ? "" : "s",
        peak.order(),
        first.gigaflops(),
        last.gigaflops(),
        first.gigaflopsOfFp64(),
        last.gigaflopsOfFp64(),
        peak.copiedBytes() >> 20,
        first.gigabytesPerSecond(),
        last.gigabytesPerSecond(),
        apart(first.gigaflops(), last.gigaflops()),
        apart(first.gigaflopsOfFp64(), last.gigaflopsOfFp64()),
        apart(first.gigabytesPerSecond(), last.gigabytesPerSecond()));
  }

  /** In per cent of the better. */
  private static double apart(double first, double last) {
    return 100 * Math.abs(first - last) / Math.max(first, last);
  }
}
