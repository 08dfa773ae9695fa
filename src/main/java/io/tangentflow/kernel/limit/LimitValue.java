package io.tangentflow.kernel.limit;

import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The limiting kernels of one pair of inputs.
 *
 * @param nngp lim E[f(x)f(x̄)]
 * @param ntk lim ∇f(x)·∇f(x̄)
 * @param nngpError estimate of the absolute error of {@code nngp}
 * @param ntkError estimate of the absolute error of {@code ntk}
 */
@API(status = Status.STABLE, since = "0.1")
public record LimitValue(double nngp, double ntk, double nngpError, double ntkError) {

  LimitValue times(double factor) {
    return new LimitValue(
        factor * nngp, factor * ntk, Math.abs(factor) * nngpError, Math.abs(factor) * ntkError);
  }
}
