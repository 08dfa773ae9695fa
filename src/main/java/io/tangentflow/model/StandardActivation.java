package io.tangentflow.model;

import java.util.Locale;
import java.util.OptionalDouble;
import org.apache.commons.numbers.gamma.Erf;
import org.apache.commons.numbers.gamma.Erfc;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The activations that every backend has kernels for. Values and derivatives are accurate to a few
 * units roundoff of max(1, |φ|), and relatively but for the far tails of ERF and GELU, where the
 * rounding of x² costs them a factor x².
 */
@API(status = Status.STABLE, since = "0.1")
public enum StandardActivation implements Activation {
  /** log(1 + eˣ). */
  SOFTPLUS(1, 0.25, false) {
    @Override
    public double value(double x) {
      return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    @Override
    public double derivative(double x) {
      return sigmoid(x);
    }
  },

  /** max(x, 0). */
  RELU(1, Constants.NONE, false) {
    @Override
    public double value(double x) {
      return Math.max(x, 0);
    }

    @Override
    public double derivative(double x) {
      return x > 0 ? 1 : Double.isNaN(x) ? x : 0;
    }
  },

  /** x·Φ(x), Φ the normal distribution function (the exact form, not the tanh approximation). */
  GELU(
      0.5 * Erfc.value(-1) + Math.exp(-1) / Math.sqrt(Math.PI), 2 * Constants.INV_SQRT_2PI, false) {
    @Override
    public double value(double x) {
      return x * normalCdf(x);
    }

    @Override
    public double derivative(double x) {
      return normalCdf(x) + x * Constants.INV_SQRT_2PI * Math.exp(-0.5 * x * x);
    }
  },

  /** x². */
  QUADRATIC(Constants.NONE, 2, true) {
    @Override
    public double value(double x) {
      return x * x;
    }

    @Override
    public double derivative(double x) {
      return 2 * x;
    }
  },

  /** tanh x. */
  TANH(1, 4 / (3 * Math.sqrt(3)), false) {
    @Override
    public double value(double x) {
      return Math.tanh(x);
    }

    @Override
    public double derivative(double x) {
      double c = Math.cosh(x);
      return 1 / (c * c);
    }
  },

  /** erf x = 2/√π ∫₀ˣ exp(−s²) ds. */
  ERF(
      Constants.TWO_OVER_SQRT_PI,
      Constants.TWO_OVER_SQRT_PI * Math.sqrt(2) * Math.exp(-0.5),
      false) {
    @Override
    public double value(double x) {
      return Erf.value(x);
    }

    @Override
    public double derivative(double x) {
      return Constants.TWO_OVER_SQRT_PI * Math.exp(-x * x);
    }
  },

  /** x / (1 + e⁻ˣ), also called swish. */
  SILU(1.099839320128867, 0.5, false) {
    @Override
    public double value(double x) {
      return x * sigmoid(x);
    }

    @Override
    public double derivative(double x) {
      double s = sigmoid(x);
      return s + x * s * sigmoid(-x);
    }
  },

  /** sin x. */
  SINE(1, 1, false) {
    @Override
    public double value(double x) {
      return Math.sin(x);
    }

    @Override
    public double derivative(double x) {
      return Math.cos(x);
    }
  },

  /** x: the linear network, whose solution is known. */
  IDENTITY(1, 0, true) {
    @Override
    public double value(double x) {
      return x;
    }

    @Override
    public double derivative(double x) {
      return Double.isNaN(x) ? x : 1;
    }
  };

  /** Apart, because an enum's constants cannot see its own static fields. */
  private static final class Constants {
    static final double NONE = Double.NaN;
    static final double INV_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);
    static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
  }

  private final OptionalDouble lipschitz;
  private final OptionalDouble derivativeLipschitz;
  private final boolean polynomial;

  StandardActivation(double lipschitz, double derivativeLipschitz, boolean polynomial) {
    this.lipschitz = optional(lipschitz);
    this.derivativeLipschitz = optional(derivativeLipschitz);
    this.polynomial = polynomial;
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
    return polynomial;
  }

  @Override
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public boolean smooth() {
    return this != RELU;
  }

  private static OptionalDouble optional(double constant) {
    return Double.isNaN(constant) ? OptionalDouble.empty() : OptionalDouble.of(constant);
  }

  /** 1 / (1 + e⁻ˣ) without overflow and without loss for large −x. */
  static double sigmoid(double x) {
    double u = Math.exp(-Math.abs(x));
    return x >= 0 ? 1 / (1 + u) : u / (1 + u);
  }

  private static double normalCdf(double x) {
    return 0.5 * Erfc.value(-x * Math.sqrt(0.5));
  }
}
