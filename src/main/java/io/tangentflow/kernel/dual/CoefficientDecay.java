package io.tangentflow.kernel.dual;

import java.util.Optional;
import org.apache.commons.math3.special.Gamma;
import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * How fast Hermite coefficients fall, fitted by least squares to log |α_k| of one parity over the
 * last three quarters of those above rounding; of four laws the one that misses least.
 *
 * @param law the law
 * @param rate p, c or r of the law
 * @param factor C, so that |α_k| ≈ C times the law
 * @param parity of the k fitted
 * @param from the least k fitted
 * @param to the greatest k fitted
 * @param miss root mean square of log |α_k| less the logarithm of the fit
 */
public record CoefficientDecay(
    Law law, double rate, double factor, Parity parity, int from, int to, double miss) {

  private static final int FEWEST_POINTS = 4;

  /** A law with one parameter. */
  public enum Law {
    /** k^−p, as of a φ with a kink. */
    POWER("k⁻ᵖ", "p") {
      @Override
      double abscissa(int k) {
        return -Math.log(k);
      }
    },
    /** e^(−c√k), as of a φ with poles off the real axis. */
    ROOT_EXPONENTIAL("e^(−c√k)", "c") {
      @Override
      double abscissa(int k) {
        return -Math.sqrt(k);
      }
    },
    /** e^(−ck), as of an entire φ that grows or falls like a Gaussian in the complex plane. */
    EXPONENTIAL("e^(−ck)", "c") {
      @Override
      double abscissa(int k) {
        return -k;
      }
    },
    /** r^k/√k!, as of eˣ and sin x. */
    FACTORIAL("r^k/√k!", "r") {
      @Override
      double abscissa(int k) {
        return k;
      }

      @Override
      double given(int k) {
        return -0.5 * Gamma.logGamma(k + 1.0);
      }

      @Override
      double rate(double slope) {
        return Math.exp(slope);
      }
    };

    private final String formula;
    private final String parameter;

    Law(String formula, String parameter) {
      this.formula = formula;
      this.parameter = parameter;
    }

    /** As in {@code k⁻ᵖ}. */
    public String formula() {
      return formula;
    }

    /** The letter of its parameter. */
    public String parameter() {
      return parameter;
    }

    /** log |α_k| = log C + slope·abscissa + given. */
    abstract double abscissa(int k);

    double given(int k) {
      return 0;
    }

    double rate(double slope) {
      return slope;
    }

    double slope(double rate) {
      return this == FACTORIAL ? Math.log(rate) : rate;
    }
  }

  /** The law of that parity; empty where fewer than four coefficients stand above rounding. */
  public static Optional<CoefficientDecay> of(HermiteExpansion expansion, Parity parity) {
    int[] seen = expansion.significant(parity);
    int first = 0;
    while (first < seen.length && seen[first] < Math.max(2, seen[seen.length - 1] / 4)) {
      first++;
    }
    if (seen.length - first < FEWEST_POINTS) {
      return Optional.empty();
    }
    double[] alpha = expansion.coefficients();
    CoefficientDecay best = null;
    for (Law law : Law.values()) {
      CoefficientDecay fit = fit(law, alpha, seen, first, parity);
      if (best == null || fit.miss < best.miss) {
        best = fit;
      }
    }
    return Optional.of(best);
  }

  private static CoefficientDecay fit(
      Law law, double[] alpha, int[] seen, int first, Parity parity) {
    SimpleRegression line = new SimpleRegression();
    for (int i = first; i < seen.length; i++) {
      int k = seen[i];
      line.addData(law.abscissa(k), Math.log(Math.abs(alpha[k])) - law.given(k));
    }
    return new CoefficientDecay(
        law,
        law.rate(line.getSlope()),
        Math.exp(line.getIntercept()),
        parity,
        seen[first],
        seen[seen.length - 1],
        Math.sqrt(line.getSumSquaredErrors() / line.getN()));
  }

  /** The fitted |α_k|. */
  public double at(int k) {
    return Math.exp(Math.log(factor) + law.slope(rate) * law.abscissa(k) + law.given(k));
  }
}
