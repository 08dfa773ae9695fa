package io.tangentflow.experiment.timing;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * A computation that is timed: it is prepared when it is made, so that what it works on is on the
 * backend, does the same in each run, and gives its memory back when it is closed.
 */
public interface TimedJob extends AutoCloseable {

  /** The part that is the forward solve, its trajectory kept as the whole keeps it. */
  String FORWARD = "forwardSeconds";

  /** One run to its end, but for what the backend does behind the host's back. */
  void run();

  /** FLOPs of a run, as its class counts them; empty where they are not known. */
  OptionalDouble flops();

  /** The most bytes of the backend that it has held at one time in the runs so far. */
  long peakBytes();

  /** What is timed apart, by the keys of JSON, in the order in which it is told. */
  default Map<String, Runnable> parts() {
    return Map.of();
  }

  /**
   * Makes sure that the last run computed something.
   *
   * @throws io.tangentflow.TangentFlowException.NonFiniteState if a result is not finite
   */
  default void requireFinite() {}

  @Override
  void close();

  /** Standard normal inputs, d×N, the same for all jobs. */
  static DenseMatrix inputs(int dimension, int samples) {
    return Parameters.gaussian(dimension, samples, 1, 0);
  }
}
