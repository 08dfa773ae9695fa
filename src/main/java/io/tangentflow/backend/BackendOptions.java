package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.InvalidConfiguration;

/**
 * How a backend is opened.
 *
 * @param precision of the matrices
 * @param threads host threads for products and elementwise passes
 */
public record BackendOptions(Precision precision, int threads) {

  /** More than this are a slip of the pen. */
  public static final int MAX_THREADS = 1024;

  public BackendOptions {
    if (threads < 1 || threads > MAX_THREADS) {
      throw new InvalidConfiguration(
          "--threads", "must be between 1 and " + MAX_THREADS + ", not " + threads);
    }
  }
}
