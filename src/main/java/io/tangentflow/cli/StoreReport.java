package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Precision;
import io.tangentflow.experiment.Places;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.Shard;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.sweep.TileResult;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalDouble;

/** What 'ntk --store' tells. */
final class StoreReport {

  private final GramPlan plan;
  private final StoreDescription description;
  private final Shard shard;
  private final Precision precision;
  private final ObjectNode object = JsonNodeFactory.instance.objectNode();
  private Table table;
  private String byPlace = "";

  /**
   * A report of what is planned.
   *
   * @param backend its name
   */
  StoreReport(StorePlan plan, Shard shard, String backend, Precision precision) {
    this.plan = plan.plan();
    this.description = plan.description();
    this.shard = shard;
    this.precision = precision;
    int tiles = description.grid().count();
    object
        .put("order", description.order())
        .put("tileOrder", description.tile())
        .put("tiles", tiles)
        .put("shard", shard.toString())
        .put("shardTiles", shard.size(tiles))
        .put("present", plan.existing().map(store -> store.present().cardinality()).orElse(0))
        .put("elementType", type())
        .put("storeBytes", description.tileBytes())
        .put("gram", this.plan.strategy().toString())
        .put("blockSize", this.plan.blockSize())
        .put("planBytes", this.plan.bytes())
        .put("flops", this.plan.flops())
        .put("backend", backend)
        .put("precision", precision.toString());
  }

  private String type() {
    return description.elementType().toString().toLowerCase(Locale.ROOT);
  }

  String planText() {
    int tiles = description.grid().count();
    return String.format(
        "plan: %s; %d tile%s, %s of %s on disk%s",
        plan,
        tiles,
        tiles == 1 ? "" : "s",
        size(description.tileBytes()),
        type(),
        shard.equals(Shard.WHOLE)
            ? ""
            : String.format(", of which shard %s has %d", shard, shard.size(tiles)));
  }

  ObjectNode plan() {
    return object;
  }

  /** The tiles that were wanted are in the store. */
  void computed(GramStore store, int tiles, long peakBytes, double seconds) {
    BitSet present = store.present();
    int missing = store.grid().count() - present.cardinality();
    object
        .put("present", present.cardinality())
        .put("computed", tiles)
        .put("missing", missing)
        .put("peakBytes", peakBytes)
        .put("seconds", seconds);
    table =
        Table.of(
                String.format(
                    "Tangent kernel of order %d in %s, computed by %s, kept in %s:",
                    description.order(), store.path(), precision, type()),
                Table.Column.left("quantity"),
                Table.Column.right("value"))
            .row(Cell.of("tiles"), Cell.of(store.grid().count()))
            .row(Cell.of("  computed by this command"), Cell.of(tiles))
            .row(Cell.of("  missing"), Cell.of(missing))
            .row(Cell.of("seconds"), Cell.of(seconds, 3))
            .row(Cell.of("peak MiB on the backend"), Cell.of(mebibytes(peakBytes), 4));
    if (!plan.nodes().all() && missing == 0) {
      double error = store.gradientError();
      object.put("gradientError", error);
      table =
          table.row(Cell.of("error bound of all gradients, of nodes in time"), Cell.of(error, 2));
    }
    if (precision != Precision.FP64) {
      object.putNull("differenceFromFp64");
    }
  }

  /** The processes of a cluster have computed these. */
  void computed(List<TileResult> results) {
    Places places = new Places("tiles");
    results.forEach(result -> places.add(result.place(), result.computed(), result.seconds()));
    object.set("places", places.json());
    byPlace = "\n" + places.table().toText();
    results.stream()
        .map(TileResult::differenceFromFp64)
        .filter(Objects::nonNull)
        .findFirst()
        .ifPresent(relative -> difference(OptionalDouble.of(relative)));
  }

  /** The relative difference of the first samples' block from FP64. */
  void difference(OptionalDouble relative) {
    if (relative.isPresent()) {
      object.put("differenceFromFp64", relative.getAsDouble());
      table =
          table.row(
              Cell.of("relative difference from fp64 on the first samples"),
              Cell.of(relative.getAsDouble(), 2));
    }
  }

  String text() {
    return table.toText() + byPlace;
  }

  ObjectNode json() {
    return object;
  }

  private static String size(long bytes) {
    return bytes < 1L << 40
        ? String.format("%.1f MiB", mebibytes(bytes))
        : String.format("%.1f TiB", bytes / (double) (1L << 40));
  }

  private static double mebibytes(long bytes) {
    return bytes / (double) (1 << 20);
  }
}
