package io.tangentflow.backend.cpu.vector;

import static io.tangentflow.backend.cpu.vector.DoubleMath.SPECIES;
import static io.tangentflow.backend.cpu.vector.DoubleMath.constant;

import io.tangentflow.model.StandardActivation;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * φ and φ' of the standard activations in one pass over FP64 arrays: value[v…] ← φ(x[x₀…]),
 * derivative[d…] ← φ'(x[x₀…]). The count is a multiple of the lanes.
 */
final class DoubleActivations {

  private static final int LANES = SPECIES.length();
  private static final double INV_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
  private static final double SQRT_HALF = Math.sqrt(0.5);

  /** The loop of one activation. */
  private interface Loop {
    void run(double[] x, int x0, double[] value, int v, double[] derivative, int d, int count);
  }

  private DoubleActivations() {}

  static void run(
      StandardActivation phi,
      double[] x,
      int x0,
      double[] value,
      int v,
      double[] derivative,
      int d,
      int count) {
    loop(phi).run(x, x0, value, v, derivative, d, count);
  }

  /**
   * Called through one place, which compilers of JVMs do not inline where it has three receivers or
   * more: each loop is then compiled alone. In one method several exceed together what it may
   * inline, and vectors that are not inlined are slow objects.
   */
  private static Loop loop(StandardActivation phi) {
    return switch (phi) {
      case SOFTPLUS -> DoubleActivations::softplus;
      case RELU -> DoubleActivations::relu;
      case GELU -> DoubleActivations::gelu;
      case QUADRATIC -> DoubleActivations::quadratic;
      case TANH -> DoubleActivations::tanh;
      case ERF -> DoubleActivations::erf;
      case SILU -> DoubleActivations::silu;
      case SINE -> DoubleActivations::sine;
      case IDENTITY -> DoubleActivations::identity;
    };
  }

  private static void softplus(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      DoubleVector u = DoubleMath.expOfNegative(h.abs().neg());
      DoubleMath.log1pOfUnit(u).add(h.max(0)).intoArray(value, v + i);
      sigmoid(h, u).intoArray(derivative, d + i);
    }
  }

  private static void relu(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    DoubleVector zero = constant(0);
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      h.max(0).intoArray(value, v + i);
      VectorMask<Double> positive = h.compare(VectorOperators.GT, 0);
      VectorMask<Double> nan = h.compare(VectorOperators.NE, h);
      zero.blend(1, positive).blend(h, nan).intoArray(derivative, d + i);
    }
  }

  private static void gelu(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      DoubleVector a = DoubleMath.magnitude(h.mul(SQRT_HALF));
      DoubleVector e = DoubleMath.expOfMinusSquare(a);
      DoubleVector tail = DoubleMath.erfc(a, e).mul(0.5);
      DoubleVector cdf = constant(1).sub(tail).blend(tail, h.compare(VectorOperators.LT, 0));
      h.mul(cdf).intoArray(value, v + i);
      h.mul(INV_SQRT_2PI).fma(e, cdf).intoArray(derivative, d + i);
    }
  }

  private static void quadratic(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      h.mul(h).intoArray(value, v + i);
      h.add(h).intoArray(derivative, d + i);
    }
  }

  private static void tanh(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      DoubleVector u = DoubleMath.expOfNegative(h.abs().mul(-2));
      DoubleMath.tanh(h, u).intoArray(value, v + i);
      DoubleVector onePlusU = u.add(1);
      u.mul(4).div(onePlusU.mul(onePlusU)).intoArray(derivative, d + i);
    }
  }

  private static void erf(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      DoubleVector a = DoubleMath.magnitude(h);
      DoubleVector e = DoubleMath.expOfMinusSquare(a);
      DoubleMath.erf(h, a, e).intoArray(value, v + i);
      e.mul(TWO_OVER_SQRT_PI).intoArray(derivative, d + i);
    }
  }

  private static void silu(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      DoubleVector u = DoubleMath.expOfNegative(h.abs().neg());
      DoubleVector s = sigmoid(h, u);
      DoubleVector complement = sigmoid(h.neg(), u);
      h.mul(s).intoArray(value, v + i);
      h.mul(s).fma(complement, s).intoArray(derivative, d + i);
    }
  }

  private static void sine(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      DoubleVector shifted = DoubleMath.quadrantShift(h);
      DoubleVector r = DoubleMath.quadrantRemainder(h, shifted);
      DoubleVector square = DoubleMath.unitSquare(r);
      DoubleVector sine = DoubleMath.sineOfRemainder(r, square);
      DoubleVector cosine = DoubleMath.cosineOfRemainder(square);
      LongVector k = shifted.reinterpretAsLongs();
      LongVector exchange = DoubleMath.exchange(k, sine, cosine);
      DoubleMath.inQuadrant(k, sine, exchange).intoArray(value, v + i);
      DoubleMath.inQuadrant(k.add(1), cosine, exchange).intoArray(derivative, d + i);
      VectorMask<Double> beyond = DoubleMath.beyondTrigonometricLimit(h);
      if (beyond.anyTrue()) {
        for (int lane = 0; lane < LANES; lane++) {
          if (beyond.laneIsSet(lane)) {
            value[v + i + lane] = Math.sin(h.lane(lane));
            derivative[d + i + lane] = Math.cos(h.lane(lane));
          }
        }
      }
    }
  }

  private static void identity(
      double[] x, int x0, double[] value, int v, double[] derivative, int d, int count) {
    DoubleVector one = constant(1);
    for (int i = 0; i < count; i += LANES) {
      DoubleVector h = DoubleVector.fromArray(SPECIES, x, x0 + i);
      h.intoArray(value, v + i);
      one.blend(h, h.compare(VectorOperators.NE, h)).intoArray(derivative, d + i);
    }
  }

  /** 1/(1 + e⁻ˣ), given u = exp(−|x|). */
  private static DoubleVector sigmoid(DoubleVector x, DoubleVector u) {
    DoubleVector numerator = constant(1).blend(u, x.compare(VectorOperators.LT, 0));
    return numerator.div(u.add(1));
  }
}
