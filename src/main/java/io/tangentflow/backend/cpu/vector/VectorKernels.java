package io.tangentflow.backend.cpu.vector;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.cpu.Kernels;
import io.tangentflow.backend.cpu.ScalarKernels;
import io.tangentflow.model.Activation;
import io.tangentflow.model.StandardActivation;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Kernels on the Vector API. The last few numbers of a range go through the same code in a padded
 * vector, so a result does not depend on where in a range its argument stood. Activations outside
 * {@link StandardActivation} are computed by their own methods, number by number.
 */
public final class VectorKernels implements Kernels {

  private static final VectorSpecies<Float> F = FloatMath.SPECIES;
  private static final VectorSpecies<Double> D = DoubleMath.SPECIES;

  /** Each thread's vector of arguments and one of slopes, for the last few numbers of a range. */
  private static final ThreadLocal<float[]> FLOAT_LANES =
      ThreadLocal.withInitial(() -> new float[2 * F.length()]);

  private static final ThreadLocal<double[]> DOUBLE_LANES =
      ThreadLocal.withInitial(() -> new double[2 * D.length()]);

  private final ScalarKernels scalar = new ScalarKernels();

  @Override
  public String description() {
    return "Vector API, " + F.vectorBitSize() + " bits";
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
    if (!(phi instanceof StandardActivation standard)) {
      scalar.activate(phi, x, x0, value, v, derivative, d, count);
      return;
    }
    int whole = F.loopBound(count);
    FloatActivations.run(standard, x, x0, value, v, derivative, d, whole);
    int rest = count - whole;
    if (rest > 0) {
      float[] lanes = FLOAT_LANES.get();
      System.arraycopy(x, x0 + whole, lanes, 0, rest);
      Arrays.fill(lanes, rest, F.length(), 0);
      FloatActivations.run(standard, lanes, 0, lanes, 0, lanes, F.length(), F.length());
      System.arraycopy(lanes, 0, value, v + whole, rest);
      System.arraycopy(lanes, F.length(), derivative, d + whole, rest);
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
    if (!(phi instanceof StandardActivation standard)) {
      scalar.activate(phi, x, x0, value, v, derivative, d, count);
      return;
    }
    int whole = D.loopBound(count);
    DoubleActivations.run(standard, x, x0, value, v, derivative, d, whole);
    int rest = count - whole;
    if (rest > 0) {
      double[] lanes = DOUBLE_LANES.get();
      System.arraycopy(x, x0 + whole, lanes, 0, rest);
      Arrays.fill(lanes, rest, D.length(), 0);
      DoubleActivations.run(standard, lanes, 0, lanes, 0, lanes, D.length(), D.length());
      System.arraycopy(lanes, 0, value, v + whole, rest);
      System.arraycopy(lanes, D.length(), derivative, d + whole, rest);
    }
  }

  @Override
  public void scale(double w, float[] x, int x0, float[] out, int o, int count) {
    FloatVector weight = FloatMath.constant(w);
    int whole = F.loopBound(count);
    for (int i = 0; i < whole; i += F.length()) {
      FloatVector.fromArray(F, x, x0 + i).mul(weight).intoArray(out, o + i);
    }
    scalar.scale(w, x, x0 + whole, out, o + whole, count - whole);
  }

  @Override
  public void scale(double w, double[] x, int x0, double[] out, int o, int count) {
    DoubleVector weight = DoubleMath.constant(w);
    int whole = D.loopBound(count);
    for (int i = 0; i < whole; i += D.length()) {
      DoubleVector.fromArray(D, x, x0 + i).mul(weight).intoArray(out, o + i);
    }
    scalar.scale(w, x, x0 + whole, out, o + whole, count - whole);
  }

  @Override
  public void add(float[] y, int y0, double w, float[] x, int x0, float[] out, int o, int count) {
    FloatVector weight = FloatMath.constant(w);
    int whole = F.loopBound(count);
    for (int i = 0; i < whole; i += F.length()) {
      FloatVector.fromArray(F, x, x0 + i)
          .mul(weight)
          .add(FloatVector.fromArray(F, y, y0 + i))
          .intoArray(out, o + i);
    }
    scalar.add(y, y0 + whole, w, x, x0 + whole, out, o + whole, count - whole);
  }

  @Override
  public void add(
      double[] y, int y0, double w, double[] x, int x0, double[] out, int o, int count) {
    DoubleVector weight = DoubleMath.constant(w);
    int whole = D.loopBound(count);
    for (int i = 0; i < whole; i += D.length()) {
      DoubleVector.fromArray(D, x, x0 + i)
          .mul(weight)
          .add(DoubleVector.fromArray(D, y, y0 + i))
          .intoArray(out, o + i);
    }
    scalar.add(y, y0 + whole, w, x, x0 + whole, out, o + whole, count - whole);
  }

  @Override
  public void multiply(float[] x, int x0, float[] y, int y0, float[] out, int o, int count) {
    int whole = F.loopBound(count);
    for (int i = 0; i < whole; i += F.length()) {
      FloatVector.fromArray(F, x, x0 + i)
          .mul(FloatVector.fromArray(F, y, y0 + i))
          .intoArray(out, o + i);
    }
    scalar.multiply(x, x0 + whole, y, y0 + whole, out, o + whole, count - whole);
  }

  @Override
  public void multiply(double[] x, int x0, double[] y, int y0, double[] out, int o, int count) {
    int whole = D.loopBound(count);
    for (int i = 0; i < whole; i += D.length()) {
      DoubleVector.fromArray(D, x, x0 + i)
          .mul(DoubleVector.fromArray(D, y, y0 + i))
          .intoArray(out, o + i);
    }
    scalar.multiply(x, x0 + whole, y, y0 + whole, out, o + whole, count - whole);
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
    if (rows < F.length()) {
      scalar.addProduct(w, a, a0, rows, depth, x, x0, columns, base, b0, y, y0);
    } else {
      new FloatProduct(w, a, a0, rows, depth, x, base, y).run(x0, columns, b0, y0);
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
    if (rows < D.length()) {
      scalar.addProduct(w, a, a0, rows, depth, x, x0, columns, base, b0, y, y0);
    } else {
      new DoubleProduct(w, a, a0, rows, depth, x, base, y).run(x0, columns, b0, y0);
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
    FloatVector beta1 = FloatMath.constant(step.beta1());
    FloatVector gain1 = FloatMath.constant(1 - step.beta1());
    FloatVector beta2 = FloatMath.constant(step.beta2());
    FloatVector gain2 = FloatMath.constant(1 - step.beta2());
    FloatVector rate = FloatMath.constant(step.rate());
    FloatVector rootScale = FloatMath.constant(step.rootScale());
    FloatVector epsilon = FloatMath.constant(step.epsilon());
    int whole = F.loopBound(count);
    for (int i = 0; i < whole; i += F.length()) {
      FloatVector gi = FloatVector.fromArray(F, g, g0 + i);
      FloatVector mi = beta1.mul(FloatVector.fromArray(F, m, m0 + i)).add(gain1.mul(gi));
      FloatVector vi = beta2.mul(FloatVector.fromArray(F, v, v0 + i)).add(gain2.mul(gi).mul(gi));
      mi.intoArray(m, m0 + i);
      vi.intoArray(v, v0 + i);
      FloatVector.fromArray(F, theta, t0 + i)
          .sub(rate.mul(mi).div(vi.sqrt().mul(rootScale).add(epsilon)))
          .intoArray(theta, t0 + i);
    }
    scalar.adam(
        step, g, g0 + whole, m, m0 + whole, v, v0 + whole, theta, t0 + whole, count - whole);
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
    DoubleVector beta1 = DoubleMath.constant(step.beta1());
    DoubleVector gain1 = DoubleMath.constant(1 - step.beta1());
    DoubleVector beta2 = DoubleMath.constant(step.beta2());
    DoubleVector gain2 = DoubleMath.constant(1 - step.beta2());
    DoubleVector rate = DoubleMath.constant(step.rate());
    DoubleVector rootScale = DoubleMath.constant(step.rootScale());
    DoubleVector epsilon = DoubleMath.constant(step.epsilon());
    int whole = D.loopBound(count);
    for (int i = 0; i < whole; i += D.length()) {
      DoubleVector gi = DoubleVector.fromArray(D, g, g0 + i);
      DoubleVector mi = beta1.mul(DoubleVector.fromArray(D, m, m0 + i)).add(gain1.mul(gi));
      DoubleVector vi = beta2.mul(DoubleVector.fromArray(D, v, v0 + i)).add(gain2.mul(gi).mul(gi));
      mi.intoArray(m, m0 + i);
      vi.intoArray(v, v0 + i);
      DoubleVector.fromArray(D, theta, t0 + i)
          .sub(rate.mul(mi).div(vi.sqrt().mul(rootScale).add(epsilon)))
          .intoArray(theta, t0 + i);
    }
    scalar.adam(
        step, g, g0 + whole, m, m0 + whole, v, v0 + whole, theta, t0 + whole, count - whole);
  }

  @Override
  public void gaussian(long seed, int stream, long first, float[] out, int o, int count) {
    Gaussian.fill(seed, stream, first, out, o, count);
  }

  @Override
  public void gaussian(long seed, int stream, long first, double[] out, int o, int count) {
    Gaussian.fill(seed, stream, first, out, o, count);
  }
}
