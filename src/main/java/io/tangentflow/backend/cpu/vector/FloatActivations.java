package io.tangentflow.backend.cpu.vector;

import static io.tangentflow.backend.cpu.vector.FloatMath.SPECIES;
import static io.tangentflow.backend.cpu.vector.FloatMath.constant;

import io.tangentflow.model.StandardActivation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * φ and φ' of the standard activations in one pass over FP32 arrays: value[v…] ← φ(x[x₀…]),
 * derivative[d…] ← φ'(x[x₀…]). The count is a multiple of the lanes.
 */
final class FloatActivations {

  private static final int LANES = SPECIES.length();
  private static final float INV_SQRT_2PI = (float) (1 / Math.sqrt(2 * Math.PI));
  private static final float TWO_OVER_SQRT_PI = (float) (2 / Math.sqrt(Math.PI));
  private static final float SQRT_HALF = (float) Math.sqrt(0.5);

  /** The loop of one activation. */
  private interface Loop {
    void run(float[] x, int x0, float[] value, int v, float[] derivative, int d, int count);
  }

  private FloatActivations() {}

  static void run(
      StandardActivation phi,
      float[] x,
      int x0,
      float[] value,
      int v,
      float[] derivative,
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
      case SOFTPLUS -> FloatActivations::softplus;
      case RELU -> FloatActivations::relu;
      case GELU -> FloatActivations::gelu;
      case QUADRATIC -> FloatActivations::quadratic;
      case TANH -> FloatActivations::tanh;
      case ERF -> FloatActivations::erf;
      case SILU -> FloatActivations::silu;
      case SINE -> FloatActivations::sine;
      case IDENTITY -> FloatActivations::identity;
    };
  }

  private static void softplus(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      FloatVector u = FloatMath.expOfNegative(h.abs().neg());
      FloatMath.log1pOfUnit(u).add(h.max(0)).intoArray(value, v + i);
      sigmoid(h, u).intoArray(derivative, d + i);
    }
  }

  private static void relu(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    FloatVector zero = constant(0);
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      h.max(0).intoArray(value, v + i);
      VectorMask<Float> positive = h.compare(VectorOperators.GT, 0);
      VectorMask<Float> nan = h.compare(VectorOperators.NE, h);
      zero.blend(1, positive).blend(h, nan).intoArray(derivative, d + i);
    }
  }

  private static void gelu(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      FloatVector a = FloatMath.magnitude(h.mul(SQRT_HALF));
      FloatVector e = FloatMath.expOfMinusSquare(a);
      FloatVector tail = FloatMath.erfc(a, e).mul(0.5f);
      FloatVector cdf = constant(1).sub(tail).blend(tail, h.compare(VectorOperators.LT, 0));
      h.mul(cdf).intoArray(value, v + i);
      h.mul(INV_SQRT_2PI).fma(e, cdf).intoArray(derivative, d + i);
    }
  }

  private static void quadratic(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      h.mul(h).intoArray(value, v + i);
      h.add(h).intoArray(derivative, d + i);
    }
  }

  private static void tanh(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      FloatVector u = FloatMath.expOfNegative(h.abs().mul(-2));
      FloatMath.tanh(h, u).intoArray(value, v + i);
      FloatVector onePlusU = u.add(1);
      u.mul(4).div(onePlusU.mul(onePlusU)).intoArray(derivative, d + i);
    }
  }

  private static void erf(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      FloatVector a = FloatMath.magnitude(h);
      FloatVector e = FloatMath.expOfMinusSquare(a);
      FloatMath.erf(h, a, e).intoArray(value, v + i);
      e.mul(TWO_OVER_SQRT_PI).intoArray(derivative, d + i);
    }
  }

  private static void silu(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      FloatVector u = FloatMath.expOfNegative(h.abs().neg());
      FloatVector s = sigmoid(h, u);
      FloatVector complement = sigmoid(h.neg(), u);
      h.mul(s).intoArray(value, v + i);
      h.mul(s).fma(complement, s).intoArray(derivative, d + i);
    }
  }

  private static void sine(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      FloatVector shifted = FloatMath.quadrantShift(h);
      FloatVector r = FloatMath.quadrantRemainder(h, shifted);
      FloatVector square = FloatMath.unitSquare(r);
      FloatVector sine = FloatMath.sineOfRemainder(r, square);
      FloatVector cosine = FloatMath.cosineOfRemainder(square);
      IntVector k = shifted.reinterpretAsInts();
      IntVector exchange = FloatMath.exchange(k, sine, cosine);
      FloatMath.inQuadrant(k, sine, exchange).intoArray(value, v + i);
      FloatMath.inQuadrant(k.add(1), cosine, exchange).intoArray(derivative, d + i);
      VectorMask<Float> beyond = FloatMath.beyondTrigonometricLimit(h);
      if (beyond.anyTrue()) {
        for (int lane = 0; lane < LANES; lane++) {
          if (beyond.laneIsSet(lane)) {
            value[v + i + lane] = (float) Math.sin(h.lane(lane));
            derivative[d + i + lane] = (float) Math.cos(h.lane(lane));
          }
        }
      }
    }
  }

  private static void identity(
      float[] x, int x0, float[] value, int v, float[] derivative, int d, int count) {
    FloatVector one = constant(1);
    for (int i = 0; i < count; i += LANES) {
      FloatVector h = FloatVector.fromArray(SPECIES, x, x0 + i);
      h.intoArray(value, v + i);
      one.blend(h, h.compare(VectorOperators.NE, h)).intoArray(derivative, d + i);
    }
  }

  /** 1/(1 + e⁻ˣ), given u = exp(−|x|). */
  private static FloatVector sigmoid(FloatVector x, FloatVector u) {
    FloatVector numerator = constant(1).blend(u, x.compare(VectorOperators.LT, 0));
    return numerator.div(u.add(1));
  }
}
