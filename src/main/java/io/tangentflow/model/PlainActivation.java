package io.tangentflow.model;

import java.util.Locale;
import java.util.OptionalDouble;

/**
 * Activations without parameters beside the {@link StandardActivation}s: CPU backends compute them
 * number by number, and a GPU has no kernel for them. Values and derivatives are accurate to a few
 * units roundoff, but for the far tails of GAUSSIAN, where the rounding of x² costs them a factor
 * x².
 */
public enum PlainActivation implements Activation {
  /** |x|. */
  ABS(OptionalDouble.of(1), OptionalDouble.empty()) {
    @Override
    public double value(double x) {
      return Math.abs(x);
    }

    @Override
    public double derivative(double x) {
      return x > 0 ? 1 : Double.isNaN(x) ? x : -1;
    }

    @Override
    public boolean smooth() {
      return false;
    }
  },

  /** cos x. */
  COSINE(OptionalDouble.of(1), OptionalDouble.of(1)) {
    @Override
    public double value(double x) {
      return Math.cos(x);
    }

    @Override
    public double derivative(double x) {
      return -Math.sin(x);
    }
  },

  /** exp(−x²/2), steepest at x = ±1 and most curved at 0. */
  GAUSSIAN(OptionalDouble.of(Math.exp(-0.5)), OptionalDouble.of(1)) {
    @Override
    public double value(double x) {
      return Math.exp(-0.5 * x * x);
    }

    @Override
    public double derivative(double x) {
      return -x * Math.exp(-0.5 * x * x);
    }
  },

  /** eˣ. */
  EXPONENTIAL(OptionalDouble.empty(), OptionalDouble.empty()) {
    @Override
    public double value(double x) {
      return Math.exp(x);
    }

    @Override
    public double derivative(double x) {
      return Math.exp(x);
    }
  },

  /** 1 / (1 + e⁻ˣ), steepest at 0 and most curved where φ = 1/2 ± 1/√12. */
  SIGMOID(OptionalDouble.of(0.25), OptionalDouble.of(1 / (6 * Math.sqrt(3)))) {
    @Override
    public double value(double x) {
      return StandardActivation.sigmoid(x);
    }

    @Override
    public double derivative(double x) {
      return StandardActivation.sigmoid(x) * StandardActivation.sigmoid(-x);
    }
  };

  private final OptionalDouble lipschitz;
  private final OptionalDouble derivativeLipschitz;

  PlainActivation(OptionalDouble lipschitz, OptionalDouble derivativeLipschitz) {
    this.lipschitz = lipschitz;
    this.derivativeLipschitz = derivativeLipschitz;
  }

  @Override
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public OptionalDouble lipschitz() {
    return lipschitz;
  }

  @Override
  public OptionalDouble derivativeLipschitz() {
    return derivativeLipschitz;
  }

  @Override
  public boolean polynomial() {
    return false;
  }
}
