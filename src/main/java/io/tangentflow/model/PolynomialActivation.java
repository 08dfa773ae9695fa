package io.tangentflow.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/**
 * Σ_j p_j x^j.
 *
 * @param coefficients p_0 … p_p, lowest power first, finite; zeros at the end are dropped, and one
 *     other than the constant is not zero
 */
public record PolynomialActivation(List<Double> coefficients) implements Activation {

  /** The mean square of x^k under the standard normal law, (2k − 1)!!, is 10^107 here. */
  public static final int MOST_DEGREE = 64;

  /** Refuses constants and degrees beyond {@link #MOST_DEGREE}. */
  public PolynomialActivation {
    int terms = coefficients.size();
    while (terms > 0 && coefficients.get(terms - 1) == 0) {
      terms--;
    }
    if (terms < 2 || terms > MOST_DEGREE + 1) {
      throw new IllegalArgumentException(
          "a polynomial activation has a degree from 1 to "
              + MOST_DEGREE
              + ", not "
              + Math.max(0, terms - 1));
    }
    // Adding 0 makes −0 the 0 that it equals, so that equal polynomials are equal records.
    coefficients = coefficients.subList(0, terms).stream().map(p -> p + 0.0).toList();
    if (!coefficients.stream().allMatch(Double::isFinite)) {
      throw new IllegalArgumentException("coefficients are finite numbers, not " + coefficients);
    }
  }

  /** x^degree. */
  public static PolynomialActivation monomial(int degree) {
    if (degree < 1 || degree > MOST_DEGREE) {
      throw new IllegalArgumentException(
          "the degree of a monomial is from 1 to " + MOST_DEGREE + ", not " + degree);
    }
    List<Double> coefficients = new ArrayList<>(Collections.nCopies(degree, 0.0));
    coefficients.add(1.0);
    return new PolynomialActivation(coefficients);
  }

  /** p. */
  public int degree() {
    return coefficients.size() - 1;
  }

  @Override
  public String label() {
    return equals(monomial(degree()))
        ? "monomial:" + degree()
        : "polynomial:"
            + coefficients.stream().map(Activations::shortest).collect(Collectors.joining(":"));
  }

  @Override
  public double value(double x) {
    double sum = 0;
    for (int j = degree(); j >= 0; j--) {
      sum = sum * x + coefficients.get(j);
    }
    return sum;
  }

  @Override
  public double derivative(double x) {
    double sum = Double.isNaN(x) ? x : 0;
    for (int j = degree(); j >= 1; j--) {
      sum = sum * x + j * coefficients.get(j);
    }
    return sum;
  }

  @Override
  public OptionalDouble lipschitz() {
    return degree() == 1
        ? OptionalDouble.of(Math.abs(coefficients.get(1)))
        : OptionalDouble.empty();
  }

  @Override
  public OptionalDouble derivativeLipschitz() {
    return switch (degree()) {
      case 1 -> OptionalDouble.of(0);
      case 2 -> OptionalDouble.of(2 * Math.abs(coefficients.get(2)));
      default -> OptionalDouble.empty();
    };
  }

  @Override
  public boolean polynomial() {
    return true;
  }
}
