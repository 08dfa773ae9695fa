package io.tangentflow.cli;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.train.KernelBlocks;
import java.util.Optional;

/**
 * The kernels that a prediction is made by.
 *
 * @param name of Θ, for captions
 * @param gram Θ(X, X) of the training samples
 * @param cross Θ(x, X) of test and training samples
 * @param entryError how far an entry of Θ may be from the true one, rounding apart
 * @param nngp K, if it is known
 */
record Kernels(
    String name,
    DenseMatrix gram,
    DenseMatrix cross,
    double entryError,
    Optional<KernelBlocks> nngp) {}
