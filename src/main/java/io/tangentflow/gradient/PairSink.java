package io.tangentflow.gradient;

import io.tangentflow.backend.Matrix;

/**
 * Receives the gradients of a batch of samples as weighted pairs of columns, one point of time
 * after the other, so that nobody need hold them all. Matrices are valid during the call only, and
 * not to be modified.
 */
public interface PairSink {

  /**
   * The way back begins. The cotangents that are pulled back are read after this only, so that a
   * sink may make them from the outputs.
   *
   * @param outputs f, m×N
   * @param finalActivation φ(h_T), n×N
   */
  void begin(Matrix outputs, Matrix finalActivation);

  /**
   * Adds weight · A Φᵀ to ∂/∂W, column by column: column j of Φ goes with the columns j·C/N … of A.
   *
   * @param adjoints A of one or more points of time, slot after slot, n×C each
   * @param activations Φ of the same, n×N each
   */
  void pair(double weight, Matrix adjoints, Matrix activations);

  /**
   * The way back has ended.
   *
   * @param initialAdjoint λ(0), n×C
   */
  void end(Matrix initialAdjoint);
}
