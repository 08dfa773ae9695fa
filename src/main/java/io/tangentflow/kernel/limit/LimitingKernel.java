package io.tangentflow.kernel.limit;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.util.concurrent.ForkJoinPool;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

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
   * The limit of networks that are solved in these steps: that of the same depth for Euler's
   * method, the continuum for the others, whose discretisation error is small beside that of the
   * width.
   */
  @API(status = Status.STABLE, since = "0.1")
  static LimitingKernel of(NeuralOde model, Stepping stepping) {
    return stepping instanceof TimeGrid grid && grid.tableau().name().equals(Tableau.EULER.name())
        ? new FiniteDepthLimit(model, grid.depth())
        : new ContinuumLimit(model);
  }

  /**
   * The kernels of one pair.
   *
   * @throws IllegalArgumentException if the pair is not {@link #possible}
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if the kernel does not exist
   *     or overflows
   */
  @API(status = Status.STABLE, since = "0.1")
  LimitValue pair(double normSqOverDx, double normSqOverDy, double dotOverD);

  /** Whether |x·x̄| exceeds ‖x‖‖x̄‖ by no more than rounding (1e-10). */
  static boolean possible(double normSqOverDx, double normSqOverDy, double dotOverD) {
    return Math.abs(dotOverD)
        <= PathKernel.normProduct(normSqOverDx, normSqOverDy) * (1 + PathKernel.ROUNDING);
  }

  /**
   * The kernels of all pairs, on the usable backend of the highest rank in FP64.
   *
   * @param inputs d×N, one sample per column. Not modified.
   * @param pool the threads that compute
   * @param progress hears of the table and of finished pairs now and then
   */
  default LimitGram gram(DenseMatrix inputs, ForkJoinPool pool, LimitProgress progress) {
    return tiles(inputs, pool, progress).gram(pool.getParallelism(), progress);
  }

  /**
   * {@link #gram(DenseMatrix, ForkJoinPool, LimitProgress)} in the common pool, without progress.
   */
  @API(status = Status.STABLE, since = "0.1")
  default LimitGram gram(DenseMatrix inputs) {
    return gram(inputs, ForkJoinPool.commonPool(), finished -> {});
  }

  /**
   * The kernels of all pairs, ready to be computed tile by tile, in the way that takes the fewest
   * operations: where all norms are equal up to rounding, or φ is homogeneous (ReLU, identity), a
   * series in the correlation; where norms differ, a series in the correlation and both norms;
   * where that takes more values than there are pairs, pair by pair. {@link LimitTiles#method} says
   * which.
   *
   * @param inputs d×N, one sample per column. Not modified.
   * @param pool computes what the series is made of, and single pairs
   * @param progress hears of the values that a series is made of
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if the kernel does not exist
   */
  LimitTiles tiles(DenseMatrix inputs, ForkJoinPool pool, LimitProgress progress);

  /** {@link #tiles(DenseMatrix, ForkJoinPool, LimitProgress)} without progress. */
  default LimitTiles tiles(DenseMatrix inputs, ForkJoinPool pool) {
    return tiles(inputs, pool, pairs -> {});
  }

  /**
   * The kernels of pairs of inputs of one norm, ‖x‖²/d = ‖x̄‖²/d, as functions of ρ = x·x̄/‖x‖²;
   * for a homogeneous φ, of all inputs.
   *
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if the kernel does not exist
   */
  DotProductKernel onSphere(double normSqOverD);
}
