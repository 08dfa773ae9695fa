package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.sweep.Place;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/** How much of a run was computed where. */
public final class Places {

  private static final Comparator<Place> ORDER =
      Comparator.comparing(Place::host)
          .thenComparingInt(place -> place.executor().length()) // Numbers, in their order.
          .thenComparing(Place::executor)
          .thenComparing(Place::device);

  private final String what;
  private final Map<Place, Share> shares = new TreeMap<>(ORDER);

  /**
   * @param what is counted, as networks
   */
  public Places(String what) {
    this.what = what;
  }

  private record Share(long count, double seconds) {}

  /** So many were computed there. */
  public void add(Place place, long count, double seconds) {
    shares.merge(
        place,
        new Share(count, seconds),
        (a, b) -> new Share(a.count + b.count, a.seconds + b.seconds));
  }

  /** A row for each process. */
  public Table table() {
    Table table =
        Table.of(
            "Where it was computed.",
            Table.Column.left("executor"),
            Table.Column.left("device"),
            Table.Column.right(what),
            Table.Column.right("seconds"));
    for (Map.Entry<Place, Share> each : shares.entrySet()) {
      table =
          table.row(
              Cell.of(each.getKey().process()),
              Cell.of(each.getKey().device()),
              Cell.of(each.getValue().count),
              Cell.of(each.getValue().seconds, 3));
    }
    return table;
  }

  /** The same as JSON. */
  public ArrayNode json() {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    shares.forEach(
        (place, share) ->
            list.addObject()
                .put("executor", place.executor())
                .put("host", place.host())
                .put("device", place.device())
                .put(what, share.count)
                .put("seconds", share.seconds));
    return list;
  }
}
