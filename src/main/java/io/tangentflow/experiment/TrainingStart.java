package io.tangentflow.experiment;

/**
 * What a training began with, beside its parameters: {@code start.json}.
 *
 * @param learningRate η
 * @param greatestEigenvalue λ_max of the tangent kernel that an automatic rate followed from; null
 *     where it was given
 * @param kernel how the tangent kernel is computed; null where it is not watched
 * @param kernelTruncation a bound on what fewer nodes in time leave out of it, Frobenius
 * @param limit whether {@code limit-ntk.npy} holds the limiting kernel of the training samples
 * @param limitError of an entry of it
 * @param rateEigenvalue λ₀ of Theorem 3's rate, by which it is surely positive; null where it is
 *     not, or there is no such rate
 * @param rateSource which kernel that is of; null likewise
 */
public record TrainingStart(
    double learningRate,
    Double greatestEigenvalue,
    String kernel,
    double kernelTruncation,
    boolean limit,
    double limitError,
    Double rateEigenvalue,
    String rateSource) {}
