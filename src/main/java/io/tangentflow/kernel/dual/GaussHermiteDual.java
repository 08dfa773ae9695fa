package io.tangentflow.kernel.dual;

import io.tangentflow.model.Activation;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.math3.linear.EigenDecomposition;

/**
 * The dual of any smooth activation by the tensor Gauss–Hermite rule of a given order per axis,
 *
 * <pre>
 *   E[φ(u)φ(v)] ≈ Σ_i Σ_j w_i w_j φ(√a z_i) φ(√b (ρ z_i + √(1−ρ²) z_j)).
 * </pre>
 *
 * Independent of the Hermite series and of the closed forms, and far slower. Nodes are the
 * eigenvalues of the Jacobi matrix (Golub and Welsch 1969), polished by Newton's method; weights
 * are Christoffel's numbers 1/Σ_k he_k(z_i)², in a form that does not overflow.
 */
public final class GaussHermiteDual implements DualActivation {

  private final Activation phi;
  private final double[] nodes;
  private final double[] weights;

  /**
   * @param order nodes per axis, from 2 to 200
   */
  public GaussHermiteDual(Activation phi, int order) {
    if (order < 2 || order > 200) {
      throw new IllegalArgumentException("the order lies between 2 and 200, not at " + order);
    }
    this.phi = phi;
    double[] offDiagonal = new double[order - 1];
    for (int k = 1; k < order; k++) {
      offDiagonal[k - 1] = Math.sqrt(k);
    }
    nodes = new EigenDecomposition(new double[order], offDiagonal).getRealEigenvalues();
    weights = new double[order];
    for (int i = 0; i < order; i++) {
      polish(i);
    }
  }

  /** One Newton step of node i, ψ_n/(√n ψ_(n−1)), and its weight. */
  private void polish(int i) {
    for (int pass = 0; pass < 2; pass++) {
      double z = nodes[i];
      double before = 0;
      double psi = 1; // a common factor ψ_0(z) cancels
      double squares = 0;
      for (int k = 0; k < nodes.length; k++) {
        squares += psi * psi;
        double next = (z * psi - Math.sqrt(k) * before) / Math.sqrt(k + 1);
        before = psi;
        psi = next;
      }
      weights[i] = 1 / squares;
      if (pass == 0) {
        nodes[i] = z - psi / (Math.sqrt(nodes.length) * before);
      }
    }
  }

  double[] nodes() {
    return nodes;
  }

  double[] weights() {
    return weights;
  }

  @Override
  public Method method(Marginal u) {
    return Method.QUADRATURE;
  }

  @Override
  public boolean smooth() {
    return phi.smooth();
  }

  @Override
  public boolean homogeneous() {
    return Homogeneity.of(phi);
  }

  @Override
  public Marginal marginal(double variance) {
    return Normal.of(variance);
  }

  @Override
  public double value(Marginal u, Marginal v, double c) {
    return rule(phi::value, u, v, Covariance.correlation(u, v, c));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    return rule(phi::derivative, u, v, Covariance.correlation(u, v, c));
  }

  /** The difference to the rule of half the order where it is worst, at |ρ| = 1; an estimate. */
  @Override
  public double valueError(Marginal u, Marginal v) {
    double c = u.deviation() * v.deviation();
    return difference(value(u, v, c), half().value(u, v, c));
  }

  @Override
  public double derivativeError(Marginal u, Marginal v) {
    double c = u.deviation() * v.deviation();
    return difference(derivative(u, v, c), half().derivative(u, v, c));
  }

  private GaussHermiteDual half() {
    return new GaussHermiteDual(phi, Math.max(2, nodes.length / 2));
  }

  private static double difference(double fine, double coarse) {
    return Math.abs(fine - coarse) + 64 * Math.ulp(fine);
  }

  private double rule(DoubleUnaryOperator g, Marginal u, Marginal v, double rho) {
    double rest = Math.sqrt((1 - rho) * (1 + rho));
    double sum = 0;
    for (int i = 0; i < nodes.length; i++) {
      double inner = 0;
      for (int j = 0; j < nodes.length; j++) {
        inner += weights[j] * g.applyAsDouble(v.deviation() * (rho * nodes[i] + rest * nodes[j]));
      }
      sum += weights[i] * g.applyAsDouble(u.deviation() * nodes[i]) * inner;
    }
    return sum;
  }
}
