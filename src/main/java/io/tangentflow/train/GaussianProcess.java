package io.tangentflow.train;

import static io.tangentflow.train.KernelDynamics.difference;
import static io.tangentflow.train.KernelDynamics.scaled;

import io.tangentflow.backend.cpu.DenseProducts;
import io.tangentflow.model.DenseMatrix;

/**
 * The posterior of a Gaussian process of mean 0 and covariance K, the NNGP, given y at X with
 * independent normal noise of variance δ:
 *
 * <pre>
 *   mean       = K(x, X)(K(X, X) + δ)⁻¹ y
 *   covariance = K(x, x) − K(x, X)(K(X, X) + δ)⁻¹ K(X, x).
 * </pre>
 *
 * The covariance is of f(x) itself, the noise left out. The mean is where training in K ends,
 * {@link KernelDynamics#outputs}; shapes are as there.
 */
public final class GaussianProcess {

  private static final SpectralFilter INVERSE = new SpectralFilter.Converged();

  private final KernelDynamics regression;

  /**
   * @param dynamics in the kernel K, with the ridge δ
   */
  public GaussianProcess(KernelDynamics dynamics) {
    regression = dynamics;
  }

  /**
   * The covariance at M other inputs, symmetric.
   *
   * @param cross K(x, X)
   * @param prior K(x, x)
   * @throws io.tangentflow.TangentFlowException.KernelNotPositive if K(X, X) + δ is singular within
   *     its error
   */
  public DenseMatrix covariance(DenseMatrix cross, DenseMatrix prior) {
    double[] root = regression.gain(INVERSE);
    for (int i = 0; i < root.length; i++) {
      root[i] = Math.sqrt(root[i]);
    }
    DenseMatrix half = scaled(DenseProducts.product(cross, regression.vectors()), root);
    return difference(prior, DenseProducts.productTransposed(half, half));
  }
}
