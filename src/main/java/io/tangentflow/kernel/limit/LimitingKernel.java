package io.tangentflow.kernel.limit;

import io.tangentflow.model.DenseMatrix;
import java.util.concurrent.ForkJoinPool;
import java.util.function.LongConsumer;

/**
 * The kernels of a Neural ODE as its width goes to infinity: of f(x) at initialisation (NNGP) and
 * of its gradient with respect to all parameters (NTK). Both are functions of ‖x‖²/d, ‖x̄‖²/d and
 * x·x̄/d. With several outputs they are the kernels of each output; different outputs are
 * uncorrelated.
 *
 * <p>With centred Gaussian u, ū of variances S_tt(x,x), S_ss(x̄,x̄) and covariance S_ts(x,x̄), with
 * sums over Euler steps in place of integrals at finite depth,
 *
 * <pre>
 *   S_ts   = σu² x·x̄/d + σw² ∫₀ᵗ∫₀ˢ E[φ(u_t')φ(ū_s')] ds' dt'
 *   NNGP   = σv² E[φ(u_T)φ(ū_T)]
 *   Θ_ts   = σv² E[φ'(u_T)φ'(ū_T)] + σw² ∫ₜᵀ∫ₛᵀ E[φ'(u_t')φ'(ū_s')] Θ_t's' ds' dt'
 *   NTK    = NNGP + σw² ∫₀ᵀ∫₀ᵀ E[φ(u_t)φ(ū_s)] Θ_ts ds dt + σu² (x·x̄/d) Θ_00.
 * </pre>
 *
 * The weights W are shared over time, hence two times. Implementations are safe for use by many
 * threads.
 */
public interface LimitingKernel {

  /**
   * The kernels of one pair.
   *
   * @throws IllegalArgumentException if (x·x̄)² exceeds ‖x‖²‖x̄‖² by more than rounding (1e-10)
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if the kernel does not exist
   *     or overflows
   */
  LimitValue pair(double normSqOverDx, double normSqOverDy, double dotOverD);

  /**
   * {@link #gram(DenseMatrix, ForkJoinPool, LongConsumer)} in the common pool, without progress.
   */
  default LimitGram gram(DenseMatrix inputs) {
    return gram(inputs, ForkJoinPool.commonPool(), finished -> {});
  }

  /**
   * The kernels of all pairs. Norms that differ by less than 1e-12, relatively, are taken as equal;
   * pairs of equal norms are then read from one {@link CorrelationTable} wherever there are so many
   * that this is cheaper. A homogeneous φ (ReLU, identity) needs one table for all norms.
   *
   * @param inputs d×N, one sample per column. Not modified.
   * @param pool the threads that compute
   * @param finishedPairs receives the number of finished pairs out of N(N+1)/2 now and then, in
   *     ascending order, on the pool's threads
   */
  LimitGram gram(DenseMatrix inputs, ForkJoinPool pool, LongConsumer finishedPairs);

  /**
   * The kernels of pairs of inputs of one norm, ‖x‖²/d = ‖x̄‖²/d, as functions of ρ = x·x̄/‖x‖².
   *
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if the kernel does not exist
   */
  CorrelationTable onSphere(double normSqOverD);
}
