package io.tangentflow.backend.cpu;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Philox;

/**
 * Plain loops; every transcendental function is {@link Math}'s or Commons Numbers', in FP64. The
 * other kernels are tested against these.
 */
public final class ScalarKernels implements Kernels {

  @Override
  public String description() {
    return "scalar loops";
  }

  @Override
  public void activate(
      Activation phi,
      float[] x,
      int x0,
      float[] value,
      int v,
      float[] derivative,
      int d,
      int count) {
    for (int i = 0; i < count; i++) {
      double xi = x[x0 + i];
      value[v + i] = (float) phi.value(xi);
      derivative[d + i] = (float) phi.derivative(xi);
    }
  }

  @Override
  public void activate(
      Activation phi,
      double[] x,
      int x0,
      double[] value,
      int v,
      double[] derivative,
      int d,
      int count) {
    for (int i = 0; i < count; i++) {
      double xi = x[x0 + i];
      value[v + i] = phi.value(xi);
      derivative[d + i] = phi.derivative(xi);
    }
  }

  @Override
  public void scale(double w, float[] x, int x0, float[] out, int o, int count) {
    float weight = (float) w;
    for (int i = 0; i < count; i++) {
      out[o + i] = weight * x[x0 + i];
    }
  }

  @Override
  public void scale(double w, double[] x, int x0, double[] out, int o, int count) {
    for (int i = 0; i < count; i++) {
      out[o + i] = w * x[x0 + i];
    }
  }

  @Override
  public void add(float[] y, int y0, double w, float[] x, int x0, float[] out, int o, int count) {
    float weight = (float) w;
    for (int i = 0; i < count; i++) {
      out[o + i] = y[y0 + i] + weight * x[x0 + i];
    }
  }

  @Override
  public void add(
      double[] y, int y0, double w, double[] x, int x0, double[] out, int o, int count) {
    for (int i = 0; i < count; i++) {
      out[o + i] = y[y0 + i] + w * x[x0 + i];
    }
  }

  @Override
  public void multiply(float[] x, int x0, float[] y, int y0, float[] out, int o, int count) {
    for (int i = 0; i < count; i++) {
      out[o + i] = x[x0 + i] * y[y0 + i];
    }
  }

  @Override
  public void multiply(double[] x, int x0, double[] y, int y0, double[] out, int o, int count) {
    for (int i = 0; i < count; i++) {
      out[o + i] = x[x0 + i] * y[y0 + i];
    }
  }

  @Override
  public void addProduct(
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
      int y0) {
    float weight = (float) w;
    for (int j = 0; j < columns; j++) {
      for (int i = 0; i < rows; i++) {
        float sum = 0;
        for (int l = 0; l < depth; l++) {
          sum += a[a0 + i + l * rows] * x[x0 + l + j * depth];
        }
        y[y0 + i + j * rows] = base[b0 + i + j * rows] + weight * sum;
      }
    }
  }

  @Override
  public void addProduct(
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
      int y0) {
    double weight = w;
    for (int j = 0; j < columns; j++) {
      for (int i = 0; i < rows; i++) {
        double sum = 0;
        for (int l = 0; l < depth; l++) {
          sum += a[a0 + i + l * rows] * x[x0 + l + j * depth];
        }
        y[y0 + i + j * rows] = base[b0 + i + j * rows] + weight * sum;
      }
    }
  }

  @Override
  public void adam(
      AdamStep step,
      float[] g,
      int g0,
      float[] m,
      int m0,
      float[] v,
      int v0,
      float[] theta,
      int t0,
      int count) {
    float beta1 = (float) step.beta1();
    float gain1 = (float) (1 - step.beta1());
    float beta2 = (float) step.beta2();
    float gain2 = (float) (1 - step.beta2());
    float rate = (float) step.rate();
    float rootScale = (float) step.rootScale();
    float epsilon = (float) step.epsilon();
    for (int i = 0; i < count; i++) {
      float gi = g[g0 + i];
      float mi = beta1 * m[m0 + i] + gain1 * gi;
      float vi = beta2 * v[v0 + i] + gain2 * gi * gi;
      m[m0 + i] = mi;
      v[v0 + i] = vi;
      theta[t0 + i] -= rate * mi / ((float) Math.sqrt(vi) * rootScale + epsilon);
    }
  }

  @Override
  public void adam(
      AdamStep step,
      double[] g,
      int g0,
      double[] m,
      int m0,
      double[] v,
      int v0,
      double[] theta,
      int t0,
      int count) {
    double beta1 = step.beta1();
    double gain1 = 1 - step.beta1();
    double beta2 = step.beta2();
    double gain2 = 1 - step.beta2();
    double rate = step.rate();
    double rootScale = step.rootScale();
    double epsilon = step.epsilon();
    for (int i = 0; i < count; i++) {
      double gi = g[g0 + i];
      double mi = beta1 * m[m0 + i] + gain1 * gi;
      double vi = beta2 * v[v0 + i] + gain2 * gi * gi;
      m[m0 + i] = mi;
      v[v0 + i] = vi;
      theta[t0 + i] -= rate * mi / (Math.sqrt(vi) * rootScale + epsilon);
    }
  }

  @Override
  public void gaussian(long seed, int stream, long first, float[] out, int o, int count) {
    Philox.gaussian(seed, stream, first, count, (i, z) -> out[o + i] = (float) z);
  }

  @Override
  public void gaussian(long seed, int stream, long first, double[] out, int o, int count) {
    Philox.gaussian(seed, stream, first, count, (i, z) -> out[o + i] = z);
  }
}
