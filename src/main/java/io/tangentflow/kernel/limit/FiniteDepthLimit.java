package io.tangentflow.kernel.limit;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.model.NeuralOde;
import java.util.Arrays;

/**
 * The limiting kernels of the network that Euler's method with L steps makes of a Neural ODE: with
 * Δ = T/L,
 *
 * <pre>
 *   S^(ℓ,k) = σu² x·x̄/d + Δ²σw² Σ_(i&lt;ℓ,j&lt;k) E[φ(u^i)φ(ū^j)]
 *   Θ^(ℓ,k) = Θ^(L,L) + Δ²σw² Σ_(i≥ℓ,j≥k) E[φ'(u^i)φ'(ū^j)] Θ^(i+1,j+1),   Θ^(L,L) = σv² E[φ'(u^L)φ'(ū^L)]
 *   NTK     = NNGP + Δ²σw² Σ_(i,j&lt;L) E[φ(u^i)φ(ū^j)] Θ^(i+1,j+1) + σu² (x·x̄/d) Θ^(0,0).
 * </pre>
 *
 * Double sums are accumulated row by row, so that a pair costs 2L² dual activations and 16L² bytes.
 * Errors are those of the dual activation and of rounding, grown as the flow grows perturbations.
 */
public final class FiniteDepthLimit extends PathKernel<Marginal[]> {

  /** A pair takes 16L² bytes, here a GiB. */
  public static final int GREATEST_DEPTH = 8192;

  private final int depth;
  private final double stepSquared;

  /**
   * The width of {@code ode} is of no account.
   *
   * @param depth L, from 1 to 8192
   */
  public FiniteDepthLimit(NeuralOde ode, int depth) {
    super(ode);
    if (depth < 1 || depth > GREATEST_DEPTH) {
      throw new InvalidConfiguration(
          "--depth", "must be between 1 and " + GREATEST_DEPTH + ", not " + depth);
    }
    this.depth = depth;
    double step = ode.sigmaW() * ode.horizon() / depth;
    stepSquared = step * step;
  }

  /** The marginals of u^0 … u^L. */
  @Override
  Marginal[] path(double normSqOverD) {
    double[] s = new double[depth + 1]; // S^(ℓ,k) for the current ℓ and each k ≤ ℓ
    s[0] = TwoTimeSolver.atStart(square(ode.sigmaU()), normSqOverD);
    Marginal[] u = new Marginal[depth + 1];
    u[0] = dual.marginal(s[0]);
    for (int l = 1; l <= depth; l++) {
      double row = 0;
      for (int k = 0; k < l; k++) {
        double e = dual.value(u[l - 1], u[k], s[k]);
        s[k] += row;
        row += stepSquared * e;
      }
      s[l] = s[l - 1] + row; // S^(ℓ−1,ℓ) = S^(ℓ,ℓ−1)
      u[l] = dual.marginal(finite(s[l]));
    }
    return u;
  }

  @Override
  LimitValue pair(Marginal[] x, Marginal[] y, double dotOverD) {
    double c = square(ode.sigmaU()) * dotOverD;
    double[] values = new double[depth * depth];
    double[] slopes = new double[depth * depth];
    double[] s = new double[depth + 1];
    Arrays.fill(s, c);
    for (int i = 0; i < depth; i++) {
      double row = 0;
      for (int j = 0; j < depth; j++) {
        double e = dual.value(x[i], y[j], s[j]);
        values[i * depth + j] = e;
        slopes[i * depth + j] = dual.derivative(x[i], y[j], s[j]);
        s[j] += row;
        row += stepSquared * e;
      }
      s[depth] += row;
    }
    Marginal u = x[depth];
    Marginal v = y[depth];
    double nngp = square(ode.sigmaV()) * dual.value(u, v, s[depth]);
    double[] theta = new double[depth + 1]; // Θ^(ℓ+1,k), turned into Θ^(ℓ,k)
    Arrays.fill(theta, square(ode.sigmaV()) * dual.derivative(u, v, s[depth]));
    double hidden = 0;
    for (int i = depth - 1; i >= 0; i--) {
      double row = 0;
      double diagonal = theta[depth];
      for (int j = depth - 1; j >= 0; j--) {
        hidden += stepSquared * values[i * depth + j] * diagonal;
        row += stepSquared * slopes[i * depth + j] * diagonal;
        diagonal = theta[j];
        theta[j] += row;
      }
    }
    double nngpScale =
        square(ode.sigmaV())
            * Math.sqrt(dual.value(u, u, u.variance()))
            * Math.sqrt(dual.value(v, v, v.variance()));
    double ntkScale =
        nngpScale + Math.abs(hidden) + Math.abs(theta[0]) * x[0].deviation() * y[0].deviation();
    double error = relativeError(u, v);
    return new LimitValue(nngp, nngp + hidden + c * theta[0], error * nngpScale, error * ntkScale);
  }

  private double finite(double variance) {
    if (!Double.isFinite(variance)) {
      throw overflow();
    }
    return variance;
  }

  private static double square(double x) {
    return x * x;
  }
}
