package io.tangentflow.sweep.spark;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.sweep.UnitFiles;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.sweep.Worker;
import java.util.Optional;

/** Computes a unit of work, unless its result is there already. Its payload is the unit. */
final class UnitTask extends ExecutorTask {

  private static final long serialVersionUID = 1L;

  UnitTask(String workload, String exchange, String sharedFile) {
    super(workload, exchange, sharedFile);
  }

  @Override
  JsonNode compute(ProcessWorker.Access process, String payload, Worker.Listener listener) {
    WorkUnit unit = Wire.value(payload, WorkUnit.class);
    UnitFiles files = new UnitFiles(process.exchange());
    Optional<JsonNode> known = files.find(unit);
    if (known.isPresent()) {
      return known.get();
    }
    JsonNode result = process.worker().compute(unit.setting(), listener);
    files.put(unit, result);
    return result;
  }
}
