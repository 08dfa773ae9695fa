package io.tangentflow.backend;

/**
 * One term of a linear combination of matrices.
 *
 * @param weight the scalar factor
 * @param matrix contiguous. Not modified.
 */
public record Term(double weight, Matrix matrix) {}
