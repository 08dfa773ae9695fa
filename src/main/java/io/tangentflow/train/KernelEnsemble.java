package io.tangentflow.train;

import static io.tangentflow.train.KernelDynamics.difference;
import static io.tangentflow.train.KernelDynamics.scaled;
import static io.tangentflow.train.KernelDynamics.sum;

import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.backend.cpu.DenseProducts;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.spectrum.Spectrum;

/**
 * Infinitely wide networks of independent random parameters, each trained as {@link KernelDynamics}
 * says: their outputs are a Gaussian process at all times. It begins with mean 0 and covariance K,
 * the NNGP. Each network gets to f₀(x) + A (y − f₀(X)), so that the mean is that of a training from
 * f₀ = 0, and the covariance Σ, where
 *
 * <pre>
 *   A = Θ(x, X) V g(Λ) Vᵀ
 *   Σ = K(x, x) + A K(X, X) Aᵀ − A K(X, x) − (A K(X, x))ᵀ
 * </pre>
 *
 * (Lee et al. 2019, <i>Wide neural networks of any depth evolve as linear models under gradient
 * descent</i>, equation 15). With Θ = K only the output layer is trained, and where that ends Σ is
 * the posterior of the Gaussian process K.
 */
public final class KernelEnsemble {

  private final KernelDynamics dynamics;

  /** Vᵀ K(X, X) V. */
  private final DenseMatrix rotated;

  /**
   * @param dynamics whose Gram matrix is Θ(X, X)
   * @param nngp K(X, X), of the same order, symmetric
   * @throws KernelNotPositive if it has an eigenvalue that is negative beyond its error bound
   */
  public KernelEnsemble(KernelDynamics dynamics, DenseMatrix nngp) {
    Spectrum.Extreme least = Spectrum.least(nngp);
    if (least.value() < -least.errorBound()) {
      throw new KernelNotPositive(
          "the NNGP matrix of the training samples", least.value(), least.errorBound());
    }
    this.dynamics = dynamics;
    DenseMatrix v = dynamics.vectors();
    rotated = DenseProducts.transposedProduct(v, DenseProducts.symmetricProduct(nngp, v));
  }

  /** Σ of the training inputs, V r(Λ) Vᵀ K V r(Λ) Vᵀ, of the order of the Gram matrix. */
  public DenseMatrix trainCovariance(SpectralFilter filter) {
    DenseMatrix left = scaled(dynamics.vectors(), dynamics.decay(filter));
    return quadratic(left, rotated);
  }

  /**
   * Σ of M other inputs, symmetric, of the order of {@code nngpAtInputs}.
   *
   * @param cross Θ(x, X), as {@link KernelDynamics#outputs} takes it
   * @param nngpCross K(x, X), of the same shape
   * @param nngpAtInputs K(x, x)
   */
  public DenseMatrix covariance(
      SpectralFilter filter, DenseMatrix cross, DenseMatrix nngpCross, DenseMatrix nngpAtInputs) {
    DenseMatrix v = dynamics.vectors();
    DenseMatrix left = scaled(DenseProducts.product(cross, v), dynamics.gain(filter));
    DenseMatrix mixed = DenseProducts.productTransposed(left, DenseProducts.product(nngpCross, v));
    return difference(sum(nngpAtInputs, quadratic(left, rotated)), sum(mixed, mixed.transpose()));
  }

  /** B K Bᵀ, symmetric to the last bit. */
  private static DenseMatrix quadratic(DenseMatrix b, DenseMatrix k) {
    DenseMatrix product = DenseProducts.productTransposed(DenseProducts.product(b, k), b);
    DenseMatrix twice = sum(product, product.transpose());
    for (int i = 0; i < twice.values().length; i++) {
      twice.values()[i] *= 0.5;
    }
    return twice;
  }
}
