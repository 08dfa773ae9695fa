package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.TangentFlowException.DataFormat;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Results of units on their way from the process that computed them into {@code results.jsonl}: a
 * file of the exchange for each, by the unit's key. One that is there need not be computed again,
 * whoever made it: a first attempt whose answer was lost, or a run whose driver was killed.
 */
public final class UnitFiles {

  private static final String DIRECTORY = "units";

  private final Exchange exchange;

  /** The files in that exchange. */
  public UnitFiles(Exchange exchange) {
    this.exchange = exchange;
  }

  /** The result of a unit, if there is one. */
  public Optional<JsonNode> find(WorkUnit unit) {
    String name = name(unit);
    return exchange.read(name).map(bytes -> StrictJson.read(Path.of(name), bytes, JsonNode.class));
  }

  /** Keeps the result of a unit. */
  public void put(WorkUnit unit, JsonNode result) {
    byte[] content = StrictJson.compact(result);
    exchange.write(name(unit), out -> out.write(content));
  }

  /** Forgets results that are in their place; those of other runs stay. */
  public void clear(Iterable<WorkUnit> units) {
    units.forEach(unit -> exchange.delete(name(unit)));
    exchange.delete(DIRECTORY);
  }

  /** The refusal of a result that answers none of a run's units. */
  public static DataFormat foreign(RunDirectory run) {
    return new DataFormat(
        run.file(DIRECTORY), "holds a result of another run; remove it and 'resume'", null);
  }

  private static String name(WorkUnit unit) {
    return DIRECTORY + "/" + unit.key() + ".json";
  }
}
