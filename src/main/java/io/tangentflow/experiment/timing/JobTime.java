package io.tangentflow.experiment.timing;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.check.LargeProduct;
import io.tangentflow.backend.check.Runs;
import io.tangentflow.backend.check.Stopwatch;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * What a job takes, beside the rate of a large product in the backend's precision, measured in the
 * same process before the job and after it.
 *
 * @param runs of the whole, once it was warm
 * @param parts of it, timed apart in the same way, by their keys of JSON
 * @param flops of a run; empty where they are not known
 * @param peakBytes the most that the backend held for it at one time
 * @param order of the matrices of the product
 * @param gigaflopsBefore of the product
 * @param gigaflopsAfter of the product
 */
public record JobTime(
    Runs runs,
    Map<String, Runs> parts,
    OptionalDouble flops,
    long peakBytes,
    int order,
    double gigaflopsBefore,
    double gigaflopsAfter) {

  /**
   * Measures.
   *
   * @param budgetBytes of the backend, for the products
   * @param runs that are timed
   * @param job makes the job, which is closed in the end
   * @param progress hears of the timed runs
   */
  public static JobTime of(
      Backend backend,
      long budgetBytes,
      int runs,
      Supplier<? extends TimedJob> job,
      IntConsumer progress) {
    LargeProduct product = new LargeProduct(backend, backend.precision(), budgetBytes);
    double before = product.gigaflops();
    Runs whole;
    OptionalDouble flops;
    long bytes;
    Map<String, Runs> parts = new LinkedHashMap<>();
    try (TimedJob timed = job.get();
        Stopwatch watch = new Stopwatch(backend)) {
      whole = watch.runs(timed::run, runs, () -> {}, progress);
      timed.requireFinite();
      flops = timed.flops();
      bytes = timed.peakBytes();
      timed.parts().forEach((key, part) -> parts.put(key, watch.runs(part, runs)));
    }
    // Once the job's memory is free, which may stand in the way of the product.
    double after = product.gigaflops();
    return new JobTime(whole, parts, flops, bytes, product.order(), before, after);
  }

  /** Of the best run. */
  public double seconds() {
    return runs.best();
  }

  /** Of the product, the better of the two measurements. */
  public double gemmGigaflops() {
    return Math.max(gigaflopsBefore, gigaflopsAfter);
  }

  /** Of the best run; empty where the FLOPs are not known. */
  public OptionalDouble gigaflops() {
    return flops.isPresent()
        ? OptionalDouble.of(flops.getAsDouble() / seconds() * 1e-9)
        : OptionalDouble.empty();
  }

  /** The rate of the best run over that of the product. */
  public OptionalDouble fractionOfGemm() {
    OptionalDouble rate = gigaflops();
    return rate.isPresent()
        ? OptionalDouble.of(rate.getAsDouble() / gemmGigaflops())
        : OptionalDouble.empty();
  }

  /** Puts all of it; what is not known is null. */
  public void describe(ObjectNode node) {
    node.put("seconds", seconds())
        .put("medianSeconds", runs.median())
        .put("greatestSeconds", runs.greatest())
        .put("runs", runs.seconds().size());
    ArrayNode each = node.putArray("runSeconds");
    runs.seconds().forEach(each::add);
    node.putNull(TimedJob.FORWARD);
    parts.forEach((key, part) -> node.put(key, part.best()));
    put(node, "flops", flops);
    put(node, "gflops", gigaflops());
    node.put("gemmGflops", gemmGigaflops())
        .put("gemmGflopsBefore", gigaflopsBefore)
        .put("gemmGflopsAfter", gigaflopsAfter)
        .put("gemmOrder", order);
    put(node, "fractionOfGemm", fractionOfGemm());
    node.put("peakBytes", peakBytes);
  }

  private static void put(ObjectNode node, String key, OptionalDouble value) {
    if (value.isPresent()) {
      node.put(key, value.getAsDouble());
    } else {
      node.putNull(key);
    }
  }

  /** A table of the same, to which more rows may be added. */
  public Table table(String caption) {
    Table table =
        Table.of(caption, Table.Column.left("quantity"), Table.Column.right("value"))
            .row(Cell.of("seconds, best of " + runs.seconds().size()), Cell.of(runs.best(), 3))
            .row(Cell.of("  median"), Cell.of(runs.median(), 3))
            .row(Cell.of("  greatest"), Cell.of(runs.greatest(), 3));
    for (Map.Entry<String, Runs> part : parts.entrySet()) {
      String name = part.getKey().replace("Seconds", "");
      table = table.row(Cell.of("  " + name + " alone"), Cell.of(part.getValue().best(), 3));
    }
    if (flops.isPresent()) {
      table =
          table
              .row(Cell.of("GFLOP/s"), Cell.of(gigaflops().getAsDouble(), 4))
              .row(
                  Cell.of("  as a fraction of the product's"),
                  Cell.of(fractionOfGemm().getAsDouble(), 3));
    }
    return table
        .row(
            Cell.of("GFLOP/s of a product of order " + order + ", before"),
            Cell.of(gigaflopsBefore, 4))
        .row(Cell.of("  after"), Cell.of(gigaflopsAfter, 4))
        .row(Cell.of("peak MiB on the backend"), Cell.of(peakBytes / 1048576.0, 4));
  }
}
