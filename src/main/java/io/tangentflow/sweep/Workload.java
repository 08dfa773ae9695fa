package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ServiceLoader;

/**
 * What all units of a run have in common: enough for another process, on another machine, to
 * compute any of them.
 *
 * @param kind of the units, as the {@link WorkerProvider} of their worker names it
 * @param identity of what is computed: the same for the same results, wherever and however they are
 *     computed
 * @param setting of all units, as plain values
 */
public record Workload(String kind, String identity, JsonNode setting) {

  /**
   * Of units of that kind.
   *
   * @param setting a record of plain values
   */
  public static Workload of(String kind, String identity, Object setting) {
    return new Workload(kind, identity, StrictJson.tree(setting));
  }

  /** A worker for its units, in this process. */
  public Worker open(Seat seat) {
    return ServiceLoader.load(WorkerProvider.class, WorkerProvider.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.kind().equals(kind))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("nothing computes units of kind " + kind))
        .open(this, seat);
  }
}
