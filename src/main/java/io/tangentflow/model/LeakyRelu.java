package io.tangentflow.model;

import java.util.OptionalDouble;

/**
 * max(x, 0) + s·min(x, 0), with the slope s on the left: ReLU at 0, |x| at −1, the identity at 1.
 *
 * @param slope s, finite
 */
public record LeakyRelu(double slope) implements Activation {

  /** The usual slope. */
  public static final double USUAL_SLOPE = 0.01;

  /** Refuses a slope that is not finite. */
  public LeakyRelu {
    if (!Double.isFinite(slope)) {
      throw new IllegalArgumentException("the slope is a finite number, not " + slope);
    }
    slope += 0.0; // −0 is the 0 that it equals, so that equal activations are equal records.
  }

  @Override
  public String label() {
    return "leaky-relu:" + Activations.shortest(slope);
  }

  @Override
  public double value(double x) {
    return x > 0 ? x : slope * x;
  }

  @Override
  public double derivative(double x) {
    return x > 0 ? 1 : Double.isNaN(x) ? x : slope;
  }

  @Override
  public OptionalDouble lipschitz() {
    return OptionalDouble.of(Math.max(1, Math.abs(slope)));
  }

  @Override
  public OptionalDouble derivativeLipschitz() {
    return smooth() ? OptionalDouble.of(0) : OptionalDouble.empty();
  }

  @Override
  public boolean polynomial() {
    return slope == 1;
  }

  @Override
  public boolean smooth() {
    return slope == 1;
  }
}
