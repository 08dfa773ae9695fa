package io.tangentflow.backend.cpu;

import io.tangentflow.model.Activation;

/**
 * Elementwise loops over ranges of arrays, from which the fused operations are made. An output
 * range may be an input range, but not overlap one otherwise.
 */
public interface Kernels {

  /** What computes them, for {@code info}. */
  String description();

  /** value[v…] ← φ(x[x₀…]), derivative[d…] ← φ'(x[x₀…]). */
  void activate(
      Activation phi,
      float[] x,
      int x0,
      float[] value,
      int v,
      float[] derivative,
      int d,
      int count);

  /** FP64 of the same. */
  void activate(
      Activation phi,
      double[] x,
      int x0,
      double[] value,
      int v,
      double[] derivative,
      int d,
      int count);

  /** out ← w x. */
  void scale(double w, float[] x, int x0, float[] out, int o, int count);

  /** FP64 of the same. */
  void scale(double w, double[] x, int x0, double[] out, int o, int count);

  /** out ← y + w x. */
  void add(float[] y, int y0, double w, float[] x, int x0, float[] out, int o, int count);

  /** FP64 of the same. */
  void add(double[] y, int y0, double w, double[] x, int x0, double[] out, int o, int count);

  /** out ← x ∘ y. */
  void multiply(float[] x, int x0, float[] y, int y0, float[] out, int o, int count);

  /** FP64 of the same. */
  void multiply(double[] x, int x0, double[] y, int y0, double[] out, int o, int count);
}
