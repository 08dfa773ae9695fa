package io.tangentflow.gradient;

import io.tangentflow.backend.Matrix;
import io.tangentflow.model.NeuralOde;

/**
 * The gradients of N samples and m outputs as lists of column pairs, never as n×n matrices:
 *
 * <pre>
 *   ∂f_o(x_i)/∂W = Σ_q A_q Φ_qᵀ,   ∂f_o(x_i)/∂U = (σu/√d) λ₀ x_iᵀ,   ∂f_o(x_i)/∂V = (σv/√n) e_o φ(h_T)ᵀ
 * </pre>
 *
 * where A_q carries scale and quadrature weight. The outputs of a sample are neighbours: column i·m
 * + o belongs to output o of sample i. The workspace of the method that made them owns the
 * matrices.
 *
 * @param model the network's hyper-parameters
 * @param adjoints A, n×NmQ: slot q is the columns qNm … (q+1)Nm − 1
 * @param activations Φ, n×NQ: slot q is the columns qN … (q+1)N − 1
 * @param initialAdjoint λ₀, n×Nm
 * @param finalActivation φ(h_T), n×N
 * @param inputs x, d×N
 * @param outputs f, m×N
 */
public record TangentFeatures(
    NeuralOde model,
    Matrix adjoints,
    Matrix activations,
    Matrix initialAdjoint,
    Matrix finalActivation,
    Matrix inputs,
    Matrix outputs) {

  /** N. */
  public int samples() {
    return inputs.columns();
  }

  /** Q, the number of column pairs of a sample. */
  public int pairs() {
    return activations.columns() / samples();
  }

  /** A of slots q … q + count − 1, n×Nm·count. */
  public Matrix adjointSlots(int first, int count) {
    int columns = initialAdjoint.columns();
    return adjoints.columnRange(first * columns, count * columns);
  }

  /** Φ of slots q … q + count − 1, n×N·count. */
  public Matrix activationSlots(int first, int count) {
    return activations.columnRange(first * samples(), count * samples());
  }

  /** The Q columns A_q of output o of sample i, n×Q. */
  public Matrix adjointsOf(int sample, int output) {
    int columns = initialAdjoint.columns();
    return adjoints.everyColumn(sample * model.outputs() + output, pairs(), columns);
  }

  /** The Q columns Φ_q of sample i, n×Q. */
  public Matrix activationsOf(int sample) {
    return activations.everyColumn(sample, pairs(), samples());
  }
}
