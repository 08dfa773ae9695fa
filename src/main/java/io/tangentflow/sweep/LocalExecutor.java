package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** Computes units in this process, one after another in their order, each on all threads. */
public final class LocalExecutor implements UnitExecutor {

  private final Exchange exchange;
  private Workload workload;
  private Worker worker;

  /**
   * @param exchange where workers keep files, and where results may be that other processes left
   */
  public LocalExecutor(Exchange exchange) {
    this.exchange = exchange;
  }

  @Override
  public int slots() {
    return 1;
  }

  @Override
  public Worker.Preparation prepare(Workload work) {
    return worker(work).prepare();
  }

  @Override
  public void run(Workload work, List<WorkUnit> units, Sink sink, Listener listener) {
    UnitFiles files = new UnitFiles(exchange);
    for (WorkUnit unit : units) {
      listener.begin(unit);
      JsonNode result;
      try {
        result = files.find(unit).orElseGet(() -> worker(work).compute(unit.setting(), listener));
      } catch (RuntimeException | Error e) {
        listener.failed(unit);
        throw e;
      }
      sink.accept(result);
    }
  }

  private Worker worker(Workload work) {
    if (!work.equals(workload)) {
      close();
      worker = work.open(Seat.here(exchange));
      workload = work;
    }
    return worker;
  }

  @Override
  public void close() {
    if (worker != null) {
      worker.close();
      worker = null;
      workload = null;
    }
  }
}
