package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.CompressionBound.Squares;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * Tangent features kept as coefficients in polynomials of time. With p_k orthonormal under positive
 * weights μ_q over the Q evaluations,
 *
 * <pre>
 *   Â_k = Σ_q p_k(t_q) A_q,   Φ̂_k = Σ_q μ_q p_k(t_q) Φ_q,   Σ_q A_q Φ_qᵀ = Σ_(k&lt;K) Â_k Φ̂_kᵀ + R_A R_Φᵀ,
 * </pre>
 *
 * in exact arithmetic, with what K polynomials leave of A and of Φ in R_A and R_Φ. Where A_q = μ_q
 * a(t_q), and a(t) and φ(t) are smooth, each of the two falls geometrically with K and the error of
 * the gradient, their product, twice as fast: K coefficients are worth a Gauss rule of K nodes. The
 * truncation is bounded, not estimated: of each sample ‖R_A R_Φᵀ‖ ≤ ‖R_A‖_(1/μ) ‖R_Φ‖_μ; and so is
 * what rounding adds, by {@link CompressionBound}.
 */
final class TimeCompression {

  private final NeuralOde model;
  private final TimeGrid grid;
  private final TimeNodes nodes;
  private final TimePolynomials polynomials;

  TimeCompression(NeuralOde model, TimeGrid grid, TimeNodes nodes) {
    this.model = model;
    this.grid = grid;
    this.nodes = nodes;
    polynomials = new TimePolynomials(grid, nodes.most());
    if (nodes.tolerance() == 0 && polynomials.count() < nodes.most()) {
      throw new InvalidConfiguration(
          "--time-nodes",
          String.format(
              "is %d but %s has %d distinct times; choose at most that, or all",
              nodes.most(), grid, polynomials.count()));
    }
  }

  /**
   * The same while the features are made, of inputs x, d×N.
   *
   * @param workspace has the compressed features
   */
  StreamedCompression streamed(Matrix x, Workspace workspace) {
    return new StreamedCompression(model, grid, this, x, workspace);
  }

  /** The most that are kept. */
  int mostNodes() {
    return polynomials.count();
  }

  /**
   * Features at fewer nodes.
   *
   * @param truncation ‖R_A‖ max_i ‖R_Φ,i‖, as computed: what fewer nodes leave out
   * @param rounding the most that arithmetic adds to it in the making of the coefficients
   */
  record Compressed(TangentFeatures features, double truncation, double rounding) {

    /** A bound on √Σ_io ‖δ ∂f_o(x_i)/∂W‖², with which these features, as stored, are off. */
    double error() {
      return truncation + rounding;
    }
  }

  /**
   * Compresses.
   *
   * @param full not modified; may be given back afterwards, but for its inputs
   * @param workspace has the compressed features
   */
  Compressed compress(TangentFeatures full, Workspace workspace) {
    int count = count(k -> productOfNorms(full, k, workspace));
    int columns = full.initialAdjoint().columns();
    Matrix adjoints = workspace.allocate(model.width(), Math.multiplyExact(columns, count));
    Matrix activations =
        workspace.allocate(model.width(), Math.multiplyExact(full.samples(), count));
    Squares ofAdjoints;
    Squares ofActivations;
    try (Workspace scratch = workspace.scope()) {
      project(full.adjoints(), polynomials.values(0, count), adjoints, scratch);
      project(full.activations(), polynomials.weighted(0, count), activations, scratch);
      ofAdjoints =
          summed(
              restOfAdjoints(full, adjoints, count, scratch), squares(adjoints, columns, scratch));
      ofActivations =
          greatest(
              restOfActivations(full, activations, count, scratch),
              squares(activations, full.samples(), scratch));
    }
    TangentFeatures compressed =
        new TangentFeatures(
            model,
            adjoints,
            activations,
            copy(full.initialAdjoint(), workspace),
            copy(full.finalActivation(), workspace),
            full.inputs(),
            copy(full.outputs(), workspace));
    CompressionBound bound = new CompressionBound(workspace.backend().precision());
    bound.fold(
        grid.evaluations(),
        count,
        TimePolynomials.defect(
            DenseMatrix.zeros(0, count),
            polynomials.values(0, count),
            polynomials.weighted(0, count)));
    return bound.of(compressed, ofAdjoints, ofActivations, columns);
  }

  /** Of all columns together. */
  static Squares summed(double[] rest, double[] kept) {
    return new Squares(Arrays.stream(rest).sum(), Arrays.stream(kept).sum());
  }

  /** The greatest of any column. */
  static Squares greatest(double[] rest, double[] kept) {
    return new Squares(
        Arrays.stream(rest).max().orElseThrow(), Arrays.stream(kept).max().orElseThrow());
  }

  /** Σ_k ‖X̂_k‖² of each column of a slot. */
  static double[] squares(Matrix coefficients, int columns, Workspace workspace) {
    try (Workspace scratch = workspace.scope()) {
      ColumnSquares squares = new ColumnSquares(coefficients.rows(), columns, scratch);
      squares.add(coefficients);
      return squares.total();
    }
  }

  /** ‖Â_k‖ ‖Φ̂_k‖. */
  private double productOfNorms(TangentFeatures full, int k, Workspace workspace) {
    try (Workspace scratch = workspace.scope()) {
      return norm(full.adjoints(), polynomials.values(k, 1), scratch)
          * norm(full.activations(), polynomials.weighted(k, 1), scratch);
    }
  }

  /**
   * How many nodes are kept: those asked for, or as many as leave out no more than the tolerance,
   * judged by two coefficients in a row.
   *
   * @param productOfNorms ‖Â_k‖ ‖Φ̂_k‖
   */
  int count(IntToDoubleFunction productOfNorms) {
    if (nodes.tolerance() == 0) {
      return nodes.most();
    }
    double first = 0;
    boolean small = false;
    for (int k = 0; k < polynomials.count(); k++) {
      double product = productOfNorms.applyAsDouble(k);
      first = k == 0 ? product : first;
      // Twice, as the kernel is a product of two gradients.
      boolean alsoSmall = 2 * product <= nodes.tolerance() * first;
      if (small && alsoSmall) {
        return k;
      }
      small = alsoSmall;
    }
    if (new TimePolynomials(grid, nodes.most() + 1).count() <= nodes.most()) {
      return polynomials.count(); // all that there are
    }
    throw new InvalidConfiguration(
        "--time-nodes",
        String.format(
            "auto ends at %d, and the gradients of %s by %s are not smooth enough in time for %.0e;"
                + " choose all, or a number",
            nodes.most(), model.activation().label(), grid, nodes.tolerance()));
  }

  /** ‖Σ_q m_q X_q‖ of one column m. */
  private static double norm(Matrix slots, DenseMatrix map, Workspace scratch) {
    Matrix sum = scratch.allocate(slots.rows(), slots.columns() / map.rows());
    project(slots, map, sum, scratch);
    return Math.sqrt(scratch.backend().dot(sum, sum));
  }

  /** result_k ← Σ_q m_qk X_q. */
  static void project(Matrix slots, DenseMatrix map, Matrix result, Workspace scratch) {
    int length = slots.rows() * (slots.columns() / map.rows());
    scratch
        .backend()
        .gemm(
            Transpose.NO,
            Transpose.NO,
            1,
            slots.reshape(length, map.rows()),
            scratch.upload(map),
            0,
            result.reshape(length, map.columns()));
  }

  /** ‖R_A‖² under 1/μ, of each sample and output. */
  private double[] restOfAdjoints(
      TangentFeatures full, Matrix compressed, int count, Workspace scratch) {
    DenseMatrix map = polynomials.weighted(0, count);
    return rest(full.adjoints(), compressed, map, q -> 1 / polynomials.weight(q), scratch);
  }

  /** ‖R_Φ‖² under μ, of each sample. */
  private double[] restOfActivations(
      TangentFeatures full, Matrix compressed, int count, Workspace scratch) {
    DenseMatrix map = polynomials.values(0, count);
    return rest(full.activations(), compressed, map, polynomials::weight, scratch);
  }

  /**
   * Σ_q μ_q ‖X_q − Σ_k m_qk X̂_k‖² of each column of a slot.
   *
   * @param map m
   */
  static double[] rest(
      Matrix slots,
      Matrix coefficients,
      DenseMatrix map,
      IntToDoubleFunction weights,
      Workspace workspace) {
    Backend backend = workspace.backend();
    int columns = slots.columns() / map.rows();
    int length = slots.rows() * columns;
    try (Workspace scratch = workspace.scope()) {
      Matrix slot = scratch.allocate(slots.rows(), columns);
      Matrix rows = scratch.upload(map.transpose());
      ColumnSquares squares = new ColumnSquares(slots.rows(), columns, scratch);
      for (int q = 0; q < map.rows(); q++) {
        double root = Math.sqrt(weights.applyAsDouble(q));
        backend.copy(slots.columnRange(q * columns, columns), slot);
        backend.gemm(
            Transpose.NO,
            Transpose.NO,
            -root,
            coefficients.reshape(length, map.columns()),
            rows.columnRange(q, 1),
            root,
            slot.reshape(length, 1));
        squares.add(slot);
      }
      return squares.total();
    }
  }

  private static Matrix copy(Matrix source, Workspace workspace) {
    Matrix target = workspace.allocate(source.rows(), source.columns());
    workspace.backend().copy(source, target);
    return target;
  }

  /** Bytes of the features of a block that {@link #compress} leaves in its workspace. */
  long retainedBytes(int samples, int bytesPerNumber) {
    long outputs = model.outputs();
    long columnsPerSample = (mostNodes() + 1L) * (outputs + 1L);
    return (columnsPerSample * model.width() + outputs) * samples * bytesPerNumber;
  }

  /**
   * Bytes that {@link #streamed} takes beside the pairs of a segment and the compressed features.
   */
  long streamedScratchBytes(int samples, int slotsOfSegment, int bytesPerNumber) {
    long columns = (long) samples * model.outputs();
    long map = (long) mostNodes() * Math.max(slotsOfSegment, mostNodes()) * bytesPerNumber;
    return mostNodes() * columns * model.width() * bytesPerNumber
        + Math.max(2 * map, restBytes(columns, bytesPerNumber) + map);
  }

  /** Bytes that {@link #compress} takes beside full and compressed features. */
  long scratchBytes(int samples, int bytesPerNumber) {
    return 3L * grid.evaluations() * mostNodes() * bytesPerNumber
        + restBytes((long) samples * model.outputs(), bytesPerNumber);
  }

  /** Bytes that {@link #rest} takes beside its map. */
  private long restBytes(long columns, int bytesPerNumber) {
    return model.width() * columns * bytesPerNumber + ColumnSquares.bytes(model.width(), columns);
  }
}
