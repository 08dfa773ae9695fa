package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * Somewhere that units of work are computed: this process, or the processes of a cluster. Used by
 * one thread.
 */
public interface UnitExecutor extends AutoCloseable {

  /** Hears of units, in one thread at a time. */
  interface Listener extends Worker.Listener {
    /** A unit is begun; not heard of those that are computed elsewhere. */
    void begin(WorkUnit unit);

    /** A unit could not be computed; the exception follows. */
    void failed(WorkUnit unit);
  }

  /** Takes results, in one thread at a time. */
  interface Sink {
    /** The result of a unit; on return it is where it belongs. */
    void accept(JsonNode result);
  }

  /** How many units it computes at one time. */
  int slots();

  /**
   * Opens a worker where units are going to be computed, and lets it see whether they can be.
   *
   * @return of that worker
   */
  Worker.Preparation prepare(Workload workload);

  /**
   * Computes units, in whichever order, and returns when all are done.
   *
   * @throws io.tangentflow.TangentFlowException of the first unit that cannot be computed
   */
  void run(Workload workload, List<WorkUnit> units, Sink sink, Listener listener);

  @Override
  void close();
}
