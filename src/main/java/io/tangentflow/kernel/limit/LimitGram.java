package io.tangentflow.kernel.limit;

import io.tangentflow.model.DenseMatrix;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The limiting kernels of all pairs of N inputs.
 *
 * @param nngp N×N, symmetric
 * @param ntk N×N, symmetric
 * @param nngpError the largest error estimate of an entry of {@code nngp}
 * @param ntkError the largest error estimate of an entry of {@code ntk}
 * @param method how they were computed, in words
 */
@API(status = Status.STABLE, since = "0.1")
public record LimitGram(
    DenseMatrix nngp, DenseMatrix ntk, double nngpError, double ntkError, String method) {}
