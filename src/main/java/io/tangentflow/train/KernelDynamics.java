package io.tangentflow.train;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.backend.cpu.DenseProducts;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.spectrum.Spectrum;

/**
 * Training on the loss L = ½ Σ (f − y)² (sum over samples and outputs) in a fixed tangent kernel Θ,
 * in closed form: exact for a model that is linear in θ, and for networks as their width goes to
 * infinity (Jacot, Gabriel and Hongler 2018; Lee et al. 2019). With Θ = V Λ Vᵀ the Gram matrix of
 * the training inputs X, and g and r those of a {@link SpectralFilter},
 *
 * <pre>
 *   f_t(X) − y = V r(Λ) Vᵀ (f₀(X) − y)
 *   f_t(x)     = f₀(x) + Θ(x, X) V g(Λ) Vᵀ (y − f₀(X)).
 * </pre>
 *
 * With a ridge δ the loss is L + (δ/2)‖θ − θ₀‖²: g is taken at Λ + δ, so that training ends at
 * f₀(x) + Θ(x, X)(Θ + δ)⁻¹(y − f₀(X)), kernel ridge regression.
 *
 * <p>Targets and outputs are m×N, a sample per column. The Gram matrix is N×N, the kernel of each
 * of m outputs alike, or Nm×Nm, row i·m + o belonging to output o of sample i, as empirical tangent
 * kernels are.
 *
 * <p>Immutable; matrices that it is given are shared, and not modified.
 */
public final class KernelDynamics {

  private final Spectrum.Decomposition gram;
  private final DenseMatrix targets;
  private final DenseMatrix initial;
  private final double ridge;
  private final double bound;

  /** (y − f₀) V: a row per output, or one row if the Gram matrix couples them. */
  private final DenseMatrix components;

  private KernelDynamics(
      Spectrum.Decomposition gram,
      DenseMatrix targets,
      DenseMatrix initial,
      double ridge,
      double bound) {
    this.gram = gram;
    this.targets = targets;
    this.initial = initial;
    this.ridge = ridge;
    this.bound = bound;
    components = DenseProducts.product(rows(difference(targets, initial)), gram.vectors());
  }

  /**
   * Training from f₀ = 0 without a ridge, by a Gram matrix that is exact but for rounding.
   *
   * @param gram Θ(X, X), symmetric, of which the lower triangle is read
   * @param targets y, m×N
   */
  public static KernelDynamics of(DenseMatrix gram, DenseMatrix targets) {
    int order = gram.rows();
    if (order != targets.columns() && order != targets.values().length) {
      throw new IllegalArgumentException(
          String.format(
              "a Gram matrix of order %d does not fit targets of %d×%d",
              order, targets.rows(), targets.columns()));
    }
    Spectrum.Decomposition decomposition = Spectrum.decomposition(gram);
    return new KernelDynamics(
        decomposition,
        targets,
        DenseMatrix.zeros(targets.rows(), targets.columns()),
        0,
        decomposition.errorBound());
  }

  /** The same from f₀(X) = {@code outputs}, m×N. */
  public KernelDynamics from(DenseMatrix outputs) {
    return new KernelDynamics(gram, targets, outputs, ridge, bound);
  }

  /**
   * The same with the ridge δ.
   *
   * @throws InvalidConfiguration if it is negative or not finite
   */
  public KernelDynamics withRidge(double delta) {
    requireRidge(delta);
    return new KernelDynamics(gram, targets, initial, delta, bound);
  }

  /**
   * Makes sure, before long work, that δ is a ridge.
   *
   * @throws InvalidConfiguration if it is negative or not finite
   */
  public static void requireRidge(double delta) {
    if (!(delta >= 0) || !Double.isFinite(delta)) {
      throw new InvalidConfiguration("--ridge", "must be zero or a positive number, not " + delta);
    }
  }

  /**
   * The same by a Gram matrix whose entries are known within an error. By Weyl's inequality an
   * eigenvalue is then uncertain by that times the order, more than by rounding.
   */
  public KernelDynamics withEntryError(double error) {
    return new KernelDynamics(
        gram, targets, initial, ridge, gram.errorBound() + gram.values().length * error);
  }

  /**
   * f_t(X), m×N.
   *
   * @throws KernelNotPositive as {@link #requireDetermined} says
   */
  public DenseMatrix trainOutputs(SpectralFilter filter) {
    double[] learnt = gain(filter);
    for (int i = 0; i < learnt.length; i++) {
      learnt[i] *= gram.values()[i];
    }
    DenseMatrix change =
        DenseProducts.productTransposed(scaled(components, learnt), gram.vectors());
    return sum(initial, new DenseMatrix(targets.rows(), targets.columns(), change.values()));
  }

  /**
   * ½ Σ (f_t(X) − y)², also where it is so small that f_t(X) and y round to the same.
   *
   * @throws KernelNotPositive as {@link #requireDetermined} says
   */
  public double trainLoss(SpectralFilter filter) {
    double norm = scaled(components, decay(filter)).norm();
    return 0.5 * norm * norm;
  }

  /**
   * f_t(x) of M other inputs, m×M.
   *
   * @param cross Θ(x, X), a row for each row of the Gram matrix that their own would have: M×N or
   *     Mm×Nm
   * @param atStart f₀(x), m×M
   * @throws KernelNotPositive as {@link #requireDetermined} says
   */
  public DenseMatrix outputs(SpectralFilter filter, DenseMatrix cross, DenseMatrix atStart) {
    DenseMatrix coefficients =
        DenseProducts.productTransposed(scaled(components, gain(filter)), gram.vectors());
    DenseMatrix change = DenseProducts.productTransposed(coefficients, cross);
    return sum(atStart, new DenseMatrix(targets.rows(), atStart.columns(), change.values()));
  }

  /** The least eigenvalue of Θ, without the ridge. */
  public double leastEigenvalue() {
    return gram.values()[0];
  }

  /** The greatest eigenvalue of Θ, without the ridge. */
  public double greatestEigenvalue() {
    return gram.values()[gram.values().length - 1];
  }

  /** How far each eigenvalue may be from the true one. */
  public double eigenvalueError() {
    return bound;
  }

  /** 2/(λ_max + δ): with a learning rate above it gradient descent diverges. */
  public double greatestRate() {
    return 2 / (greatestEigenvalue() + ridge);
  }

  /**
   * Makes sure that what training has done by then is determined by the Gram matrix as it is known:
   * no eigenvalue λ + δ may be negative beyond its error bound ε; and where the least one is not
   * positive beyond ε, training has to end before ηtε = 1, when a direction in which nothing is
   * learnt and one that is learnt would be told apart by that error alone.
   *
   * @throws KernelNotPositive if it is not
   */
  public void requireDetermined(SpectralFilter filter) {
    String what = "the Gram matrix of the training samples";
    double least = leastEigenvalue() + ridge;
    if (least < -bound) {
      throw new KernelNotPositive(what, leastEigenvalue(), bound);
    }
    if (least <= bound && !(filter.duration() * bound < 1)) {
      throw KernelNotPositive.singular(what, leastEigenvalue(), bound);
    }
  }

  /** V. */
  DenseMatrix vectors() {
    return gram.vectors();
  }

  /** g(λ_i + δ). */
  double[] gain(SpectralFilter filter) {
    requireDetermined(filter);
    double[] gain = new double[gram.values().length];
    for (int i = 0; i < gain.length; i++) {
      gain[i] = filter.gain(gram.values()[i] + ridge);
    }
    return gain;
  }

  /** 1 − λ_i g(λ_i + δ) = r(λ_i + δ) + δ g(λ_i + δ), the latter a sum of positive terms. */
  double[] decay(SpectralFilter filter) {
    double[] decay = gain(filter);
    for (int i = 0; i < decay.length; i++) {
      decay[i] = filter.decay(gram.values()[i] + ridge) + (ridge == 0 ? 0 : ridge * decay[i]);
    }
    return decay;
  }

  /** An m×N matrix as rows that fit the Gram matrix: itself, or all in one row. */
  private DenseMatrix rows(DenseMatrix matrix) {
    int order = gram.values().length;
    return new DenseMatrix(matrix.values().length / order, order, matrix.values());
  }

  /** M diag(h). */
  static DenseMatrix scaled(DenseMatrix matrix, double[] columnFactors) {
    DenseMatrix result = DenseMatrix.zeros(matrix.rows(), matrix.columns());
    for (int j = 0; j < matrix.columns(); j++) {
      for (int i = 0; i < matrix.rows(); i++) {
        result.set(i, j, matrix.get(i, j) * columnFactors[j]);
      }
    }
    return result;
  }

  static DenseMatrix sum(DenseMatrix a, DenseMatrix b) {
    return combination(a, 1, b);
  }

  static DenseMatrix difference(DenseMatrix a, DenseMatrix b) {
    return combination(a, -1, b);
  }

  private static DenseMatrix combination(DenseMatrix a, double factor, DenseMatrix b) {
    if (a.rows() != b.rows() || a.columns() != b.columns()) {
      throw new IllegalArgumentException(
          String.format(
              "shapes differ: %d×%d and %d×%d", a.rows(), a.columns(), b.rows(), b.columns()));
    }
    double[] sum = new double[a.values().length];
    for (int k = 0; k < sum.length; k++) {
      sum[k] = a.values()[k] + factor * b.values()[k];
    }
    return new DenseMatrix(a.rows(), a.columns(), sum);
  }
}
