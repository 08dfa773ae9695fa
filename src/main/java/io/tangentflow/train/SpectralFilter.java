package io.tangentflow.train;

import io.tangentflow.TangentFlowException.InvalidConfiguration;

/**
 * What training in a fixed kernel has done by some time to the component along one eigenvector of
 * the Gram matrix, of eigenvalue λ. Of the residual f − y the factor r(λ) is left, and the
 * coefficients a of f = f₀ + Θ a have grown to g(λ)(y − f₀), where
 *
 * <pre>
 *   r(λ) = 1 − λ g(λ).
 * </pre>
 *
 * Regularisation theory has the same filters under the names of Showalter (flow), Landweber
 * (descent) and the pseudo-inverse (converged); see Yao, Rosasco and Caponnetto 2007, <i>On early
 * stopping in gradient descent learning</i>. Both functions are computed to rounding for every λ, 0
 * included.
 */
public sealed interface SpectralFilter {

  /** g(λ). */
  double gain(double lambda);

  /** r(λ). */
  double decay(double lambda);

  /** How long training has gone on, in units of 1/λ: ηt, ηk or ∞. It is g(0). */
  double duration();

  /** The time or the number of steps, as it is given on the command line and in file names. */
  String label();

  /**
   * Gradient flow dθ/dt = −η ∂L/∂θ: r(λ) = e^(−ηλt).
   *
   * @param rate η, positive
   * @param time t ≥ 0
   */
  record Flow(double rate, double time) implements SpectralFilter {

    /** Refuses what has no meaning. */
    public Flow {
      requireRate(rate);
      if (!(time >= 0) || !Double.isFinite(time * rate)) {
        throw new InvalidConfiguration(
            "--times", "must be numbers ≥ 0 or inf, and finite times the rate; not " + time);
      }
    }

    @Override
    public double gain(double lambda) {
      return lambda == 0 ? duration() : -Math.expm1(-duration() * lambda) / lambda;
    }

    @Override
    public double decay(double lambda) {
      return Math.exp(-duration() * lambda);
    }

    @Override
    public double duration() {
      return rate * time;
    }

    @Override
    public String label() {
      return time == Math.rint(time) && time < 1e9
          ? Long.toString((long) time)
          : Double.toString(time);
    }
  }

  /**
   * Gradient descent θ ← θ − η ∂L/∂θ: r(λ) = (1 − ηλ)^k. It grows with k where ηλ &gt; 2.
   *
   * @param rate η, positive
   * @param steps k ≥ 0
   */
  record Descent(double rate, long steps) implements SpectralFilter {

    /** Refuses what has no meaning. */
    public Descent {
      requireRate(rate);
      if (steps < 0 || !Double.isFinite(steps * rate)) {
        throw new InvalidConfiguration(
            "--steps", "must be whole numbers ≥ 0 or inf, and finite times the rate; not " + steps);
      }
    }

    @Override
    public double gain(double lambda) {
      return lambda == 0 || steps == 0 ? duration() : learnt(lambda) / lambda;
    }

    /** 1 − (1 − ηλ)^k without cancellation. */
    private double learnt(double lambda) {
      return negative(lambda) ? 1 - decay(lambda) : -Math.expm1(steps * logarithm(lambda));
    }

    @Override
    public double decay(double lambda) {
      double size = steps == 0 ? 1 : Math.exp(steps * logarithm(lambda));
      return negative(lambda) ? -size : size;
    }

    /** Whether (1 − ηλ)^k is. */
    private boolean negative(double lambda) {
      return rate * lambda > 1 && steps % 2 == 1;
    }

    /** log |1 − ηλ|. */
    private double logarithm(double lambda) {
      double shrink = rate * lambda;
      return Math.log1p(shrink > 1 ? shrink - 2 : -shrink);
    }

    @Override
    public double duration() {
      return rate * steps;
    }

    @Override
    public String label() {
      return Long.toString(steps);
    }
  }

  /** Where gradient flow ends, kernel regression: g(λ) = 1/λ, r(λ) = 0. */
  record Converged() implements SpectralFilter {

    @Override
    public double gain(double lambda) {
      return 1 / lambda;
    }

    @Override
    public double decay(double lambda) {
      return 0;
    }

    @Override
    public double duration() {
      return Double.POSITIVE_INFINITY;
    }

    @Override
    public String label() {
      return "inf";
    }
  }

  private static void requireRate(double rate) {
    if (!(rate > 0) || !Double.isFinite(rate)) {
      throw new InvalidConfiguration(
          "--learning-rate", "must be a positive number or auto, not " + rate);
    }
  }
}
