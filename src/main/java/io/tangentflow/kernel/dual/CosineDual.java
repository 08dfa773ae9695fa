package io.tangentflow.kernel.dual;

/**
 * The dual of cos x, that of sin x with its derivative exchanged:
 *
 * <pre>
 *   E[φ(u)φ(v)] = e^(−(a+b)/2) cosh c,     E[φ'(u)φ'(v)] = e^(−(a+b)/2) sinh c.
 * </pre>
 */
final class CosineDual extends ClosedFormDual {

  @Override
  public double value(Marginal u, Marginal v, double c) {
    return SineDual.dampedCosh(u, v, c);
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    return SineDual.dampedSinh(u, v, c);
  }
}
