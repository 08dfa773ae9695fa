package io.tangentflow.backend;

import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The operations that an accelerator offers to the engine. Every algorithm is written once, against
 * this interface.
 *
 * <p>Matrices are column-major, one sample per column. Elementwise operations take contiguous
 * matrices of equal shape; products take any view. An argument is not modified unless its parameter
 * says so, and outputs may not overlap inputs unless the operation says so. A shape that does not
 * fit is an {@link IllegalArgumentException} that names both shapes. A backend may be used by one
 * thread at a time.
 *
 * <p>In adjoint operations one column of the state may have m columns in the adjoint, one for each
 * output: column j of the state goes with columns j·m … j·m + m − 1.
 */
public interface Backend extends AutoCloseable {

  /** {@return the name that {@code --backend} takes} */
  @API(status = Status.STABLE, since = "0.1")
  String name();

  /** {@return the precision of the matrices that it allocates unless told otherwise} */
  @API(status = Status.STABLE, since = "0.1")
  Precision precision();

  /** {@return the device, its libraries and threads, for {@code info} and {@code run.json}} */
  @API(status = Status.STABLE, since = "0.1")
  String description();

  /** Bytes that a new workspace can expect to get. */
  long availableBytes();

  /** Whether matrices live in the JVM's heap, so that they and host arrays share one budget. */
  boolean sharesHostMemory();

  /** What the hardware could do at most, empty where it does not say. */
  default Optional<Roofline> roofline() {
    return Optional.empty();
  }

  /** Whether a stand-in runs the device's code, so that times mean nothing. */
  default boolean emulated() {
    return false;
  }

  /**
   * A new zeroed matrix, which the workspace owns.
   *
   * @throws OutOfMemoryError if the JVM's heap has no room for it
   * @throws io.tangentflow.TangentFlowException.OutOfMemory if the device has none
   */
  Matrix allocate(int rows, int columns, Precision precision);

  /** Gives the memory of an allocated matrix back; its handle and its views are dead. */
  void free(Matrix matrix);

  /**
   * A workspace of at most that many bytes.
   *
   * @param purpose names the work in messages, for example "the Gram matrix of 1000 samples"
   */
  default Workspace workspace(String purpose, long budgetBytes) {
    return new Workspace(this, purpose, budgetBytes);
  }

  // Transfers.

  /** target ← source, rounded to the target's precision. */
  void upload(DenseMatrix source, Matrix target);

  /** The values as FP64 in host memory. */
  DenseMatrix download(Matrix source);

  /** target ← source, of equal shape; precisions may differ. */
  void copy(Matrix source, Matrix target);

  // Random numbers.

  /**
   * target ← standard normal numbers, entry e in column-major order being number e of the stream
   * (see {@link io.tangentflow.model.Philox}): the same on every backend up to rounding.
   */
  default void gaussian(Matrix target, long seed, int stream) {
    gaussian(target, seed, stream, 0);
  }

  /**
   * The same from number {@code first} of the stream on: a part of a matrix alone.
   *
   * @param first a multiple of four, as numbers are made by fours
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if {@code first} is not 0 and
   *     numbers come from elsewhere than Philox
   */
  void gaussian(Matrix target, long seed, int stream, long first);

  // Products.

  /** C ← α op(A) op(B) + β C. C is modified; with β = 0 its old values are not read. */
  void gemm(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      Matrix a,
      Matrix b,
      double beta,
      Matrix c);

  /** C ← AᵀA, both triangles. C is modified. */
  void syrk(Matrix a, Matrix c);

  // The forward equation.

  /** value ← φ(h), derivative ← φ'(h), in one pass. Both are modified; either may be h. */
  void activate(Activation phi, Matrix h, Matrix value, Matrix derivative);

  /**
   * A Runge–Kutta stage: with Y = h + Σ w_r K_r, value ← φ(Y), derivative ← φ'(Y), in one pass; Y
   * is not stored. Both are modified.
   */
  void stage(Activation phi, Matrix h, List<Term> increments, Matrix value, Matrix derivative);

  /**
   * A Runge–Kutta step's end: h ← h + Σ w_r K_r, then value ← φ(h), derivative ← φ'(h), in one
   * pass. All three are modified.
   */
  void step(Activation phi, Matrix h, List<Term> increments, Matrix value, Matrix derivative);

  // The adjoint equation.

  /**
   * A stage of the discrete adjoint, in one pass: nu ← D ∘ nu, then next ← w₀ λ + Σ w_r ν_r.
   *
   * @param derivative D = φ'(Y_s), n×N
   * @param nu n×Nm; on entry Wᵀ A_s, on exit ν_s. Modified.
   * @param weight w₀
   * @param lambda λ, n×Nm
   * @param nus the terms w_r ν_r; nu may be among them and enters with its new value
   * @param next A_(s−1), n×Nm. Modified; it may be {@code derivative} where m = 1.
   */
  void adjointStage(
      Matrix derivative, Matrix nu, double weight, Matrix lambda, List<Term> nus, Matrix next);

  /**
   * The end of a step of the discrete adjoint, in one pass: λ ← λ + D ∘ nu + Σ w_r ν_r, then next ←
   * w₀ λ.
   *
   * @param derivative D = φ'(Y_1), n×N
   * @param nu Wᵀ A_1, n×Nm
   * @param nus the terms w_r ν_r of the other stages
   * @param lambda λ, n×Nm. Modified.
   * @param weight w₀
   * @param next the last A of the step before, n×Nm. Modified; it may be {@code derivative} where m
   *     = 1.
   */
  void adjointStep(
      Matrix derivative, Matrix nu, List<Term> nus, Matrix lambda, double weight, Matrix next);

  // The tangent kernel.

  /**
   * The contraction of a structured Gram: K_(im+o, jm+p) ← K_(im+o, jm+p) + Σ_b P_b(im+o, jm+p)
   * R_b(i, j) over the blocks of columns b of P and R, summed in FP64.
   *
   * @param p inner products of adjoints, Mm × Nm·B
   * @param r inner products of activations, M × N·B
   * @param k Mm × Nm, FP64. Modified.
   */
  void contract(Matrix p, Matrix r, Matrix k);

  /**
   * Dot-product kernels: result_ij ← Σ_k c_k T_k(ξ(ρ_ij)), entrywise by Clenshaw's recurrence.
   *
   * @param rho correlations in [−1, 1], beyond which rounding may carry them
   * @param series M×R and N factors for M×N correlations
   * @param result modified; it may be {@code rho}
   */
  void dotProductKernel(Matrix rho, DotProductSeries series, Matrix result);

  /**
   * The limiting kernels of a batch of pairs of inputs, each by Picard's iteration on its two-time
   * equations.
   *
   * @param result modified: 3×pairs, in each column NNGP, NTK and the last relative change of an
   *     iterate, NaN where the iteration diverged
   * @param scratch gives what memory it takes, and has it back on return
   */
  void twoTimeKernels(TwoTimeEquations equations, Matrix result, Workspace scratch);

  // Many small networks.

  /**
   * The outputs of an ensemble at the same inputs.
   *
   * @param inputs x, d×N
   * @param outputs modified: mN×B, entry (i·m + o, b) being output o of network b at sample i
   * @param scratch gives what memory it takes, and has it back on return
   */
  void ensemble(Ensemble ensemble, Matrix inputs, Matrix outputs, Workspace scratch);

  // Sums.

  /** target ← target + weight · source. Target is modified; precisions may differ. */
  void addScaled(double weight, Matrix source, Matrix target);

  /** Σ_ij a_ij b_ij, summed in FP64 in a fixed order. */
  double dot(Matrix a, Matrix b);

  // Training.

  /**
   * The softmax cross-entropy and its cotangents. With p = softmax(f_j), column by column,
   * cotangents ← p Σ_o t_o − t = ∂/∂f of
   *
   * <pre>
   *   Σ_j Σ_o t_oj (log Σ_q exp f_qj − f_oj),
   * </pre>
   *
   * which is returned, summed in FP64 in a fixed order. Columns are computed in FP64 whatever the
   * precision, with the greatest logit subtracted: finite logits give finite numbers wherever the
   * exact ones are in range. A logit that is infinite or not a number gives a loss that is not
   * finite, and cotangents of its column that mean nothing.
   *
   * @param logits f, m×N, one sample per column
   * @param targets t, m×N, a distribution in each column, whose sum is not checked
   * @param cotangents m×N. Modified; it may be {@code logits}.
   */
  double softmaxCrossEntropy(Matrix logits, Matrix targets, Matrix cotangents);

  /**
   * A step of Adam (Kingma and Ba 2015, algorithm 1), in one pass: m ← β₁ m + (1 − β₁) g, v ← β₂ v
   * + (1 − β₂) g², then θ ← θ − η (m/(1 − β₁ᵏ)) / (√(v/(1 − β₂ᵏ)) + ε), in the precision of the
   * matrices. An entry whose g² is beyond its range has an infinite v, and stays where it is. As k
   * differs from step to step, it is nothing to {@link #repeat}.
   *
   * @param step η, β₁, β₂, ε and k
   * @param gradient g
   * @param firstMoment m, zero before the first step. Modified.
   * @param secondMoment v, zero before the first step. Modified.
   * @param parameter θ. Modified.
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if the precision of the
   *     matrices does not hold η or ε
   */
  void adam(
      AdamStep step, Matrix gradient, Matrix firstMoment, Matrix secondMoment, Matrix parameter);

  // Repetition.

  /**
   * Does the operations of a step again and again. They must be the same each time: on the same
   * matrices, with the same numbers, and none that answers the host. A device may record them once.
   */
  default void repeat(int times, Runnable step) {
    for (int i = 0; i < times; i++) {
      step.run();
    }
  }

  // Checks.

  /** The column-major index of the first entry that is infinite or not a number. */
  OptionalLong firstNonFinite(Matrix matrix);

  /** Gives back all that the backend holds; its matrices are dead. */
  @Override
  @API(status = Status.STABLE, since = "0.1")
  void close();
}
