package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * How a backend is opened.
 *
 * @param precision of the matrices
 * @param threads host threads for products and elementwise passes
 * @param device the ordinal of the device, where a backend has several
 * @param gaussians where {@link Backend#gaussian} takes its numbers from
 */
public record BackendOptions(
    Precision precision, int threads, int device, GaussianSource gaussians) {

  /** More than this are a slip of the pen. */
  public static final int MAX_THREADS = 1024;

  /** A source of standard normal numbers. */
  public enum GaussianSource {
    /** {@link io.tangentflow.model.Philox}: the same numbers on every backend. */
    PHILOX,
    /** The device's own generator: other numbers of the same distribution, made faster. */
    CURAND
  }

  public BackendOptions {
    if (threads < 1 || threads > MAX_THREADS) {
      throw new InvalidConfiguration(
          "--threads", "must be between 1 and " + MAX_THREADS + ", not " + threads);
    }
  }

  /** All processors of this machine, the first device, and Philox. */
  @API(status = Status.STABLE, since = "0.1")
  public BackendOptions(Precision precision) {
    this(precision, Runtime.getRuntime().availableProcessors());
  }

  /** The first device, and Philox. */
  @API(status = Status.STABLE, since = "0.1")
  public BackendOptions(Precision precision, int threads) {
    this(precision, threads, 0, GaussianSource.PHILOX);
  }

  /**
   * Refuses what needs the cuda backend.
   *
   * @param backend the name of the one that refuses
   */
  public void requireHost(String backend) {
    if (precision == Precision.TF32) {
      throw new InvalidConfiguration(
          "--precision", "tf32 is computed on cuda only, not on " + backend + "; use fp32 or fp64");
    }
    if (gaussians == GaussianSource.CURAND) {
      throw new InvalidConfiguration(
          "--rng", "curand needs the cuda backend, not " + backend + "; use philox");
    }
  }

  /** The same on another device. */
  public BackendOptions onDevice(int ordinal) {
    return new BackendOptions(precision, threads, ordinal, gaussians);
  }
}
