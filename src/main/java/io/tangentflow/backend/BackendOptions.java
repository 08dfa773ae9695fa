package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.InvalidConfiguration;

/**
 * How a backend is opened.
 *
 * @param precision of the matrices
 * @param threads host threads for products and elementwise passes
 */
public record BackendOptions(Precision precision, int threads) {

  public BackendOptions {
    if (threads < 1) {
      throw new InvalidConfiguration("--threads", "must be at least 1, not " + threads);
    }
  }

  /** That precision on all processors of this machine. */
  public static BackendOptions of(Precision precision) {
    return new BackendOptions(precision, Runtime.getRuntime().availableProcessors());
  }
}
