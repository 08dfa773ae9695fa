package io.tangentflow.sweep.spark;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.sweep.Worker;

/** Lets the worker of an executor see whether it can compute. Its payload is not used. */
final class PreparationTask extends ExecutorTask {

  private static final long serialVersionUID = 1L;

  /** Before the driver has written anything. */
  PreparationTask(String workload, String exchange) {
    super(workload, exchange, "");
  }

  @Override
  JsonNode compute(ProcessWorker.Access process, String payload, Worker.Listener listener) {
    return Wire.value(Wire.text(process.worker().prepare()), JsonNode.class);
  }
}
