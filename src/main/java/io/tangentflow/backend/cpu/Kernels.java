package io.tangentflow.backend.cpu;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Philox;

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

  /**
   * y ← base + w A X for a few columns, all contiguous: A rows×depth, X depth×columns, base and y
   * rows×columns. y may be base. It runs on the calling thread.
   */
  void addProduct(
      double w,
      float[] a,
      int a0,
      int rows,
      int depth,
      float[] x,
      int x0,
      int columns,
      float[] base,
      int b0,
      float[] y,
      int y0);

  /** FP64 of the same. */
  void addProduct(
      double w,
      double[] a,
      int a0,
      int rows,
      int depth,
      double[] x,
      int x0,
      int columns,
      double[] base,
      int b0,
      double[] y,
      int y0);

  /**
   * m ← β₁ m + (1 − β₁) g, v ← β₂ v + ((1 − β₂) g) g, θ ← θ − (rate · m) / (√v · rootScale + ε), in
   * this order of operations.
   */
  void adam(
      AdamStep step,
      float[] g,
      int g0,
      float[] m,
      int m0,
      float[] v,
      int v0,
      float[] theta,
      int t0,
      int count);

  /** FP64 of the same. */
  void adam(
      AdamStep step,
      double[] g,
      int g0,
      double[] m,
      int m0,
      double[] v,
      int v0,
      double[] theta,
      int t0,
      int count);

  /** out ← numbers first … first + count − 1 of a stream; see {@link Philox#gaussian}. */
  void gaussian(long seed, int stream, long first, float[] out, int o, int count);

  /** FP64 of the same. */
  void gaussian(long seed, int stream, long first, double[] out, int o, int count);
}
