package io.tangentflow.kernel.empirical;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.PairSink;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.TimeCompression.Compressed;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import java.util.function.IntToDoubleFunction;

/**
 * The coefficients of {@link TimeCompression} and their bound, of pairs that come segment by
 * segment from the last one on and are not kept.
 *
 * <p>What is held are the coefficients over the evaluations that have come, in the polynomials p'
 * that are orthonormal over these alone. A segment before them makes them coefficients in the
 * polynomials p over both,
 *
 * <pre>
 *   Φ̂_k = Σ_j M_jk Φ̂'_j + Σ_(q in the segment) μ_q p_k(t_q) Φ_q,     p_k = Σ_j M_jk p'_j where p' is,
 * </pre>
 *
 * and A alike. What that leaves is orthogonal to what was left before, since polynomials of the
 * same degrees over both are among those over each part; so the squares of the rests add up,
 *
 * <pre>
 *   ‖R‖² = ‖R'‖² + Σ_j ‖Φ̂'_j − Σ_k M_jk Φ̂_k‖² + Σ_(q in the segment) μ_q ‖Φ_q − Σ_k p_k(t_q) Φ̂_k‖²,
 * </pre>
 *
 * each of them a norm of a difference: unlike ‖Φ‖² − ‖Φ̂‖² it is known down to rounding of Φ, not
 * of its square, in one way back.
 */
final class StreamedCompression implements PairSink {

  private final NeuralOde model;
  private final TimeGrid grid;
  private final TimeCompression compression;
  private final Matrix x;
  private final Workspace workspace;
  private final Backend backend;
  private final int samples;
  private final int columns;
  private final Matrix adjoints;
  private final Matrix activations;
  private final Matrix initialAdjoint;
  private final Matrix finalActivation;
  private final Matrix outputs;
  private final double[] restOfActivations;
  private final double[] restOfAdjoints;
  private final CompressionBound bound;
  private TimePolynomials polynomials;
  private int first;

  StreamedCompression(
      NeuralOde model, TimeGrid grid, TimeCompression compression, Matrix x, Workspace workspace) {
    this.model = model;
    this.grid = grid;
    this.compression = compression;
    this.x = x;
    this.workspace = workspace;
    backend = workspace.backend();
    samples = x.columns();
    columns = Math.multiplyExact(samples, model.outputs());
    int n = model.width();
    int most = compression.mostNodes();
    adjoints = workspace.allocate(n, Math.multiplyExact(columns, most));
    activations = workspace.allocate(n, Math.multiplyExact(samples, most));
    initialAdjoint = workspace.allocate(n, columns);
    finalActivation = workspace.allocate(n, samples);
    outputs = workspace.allocate(model.outputs(), samples);
    restOfAdjoints = new double[columns];
    restOfActivations = new double[samples];
    bound = new CompressionBound(backend.precision());
    first = grid.evaluations();
  }

  @Override
  public void begin(Matrix f, Matrix phi) {
    backend.copy(f, outputs);
    backend.copy(phi, finalActivation);
  }

  /**
   * @param weight 1: the discrete adjoint's columns carry their weights
   */
  @Override
  public void pair(double weight, Matrix a, Matrix phi) {
    if (weight != 1) {
      throw new IllegalArgumentException("pairs of weight " + weight + " belong to another method");
    }
    int slots = phi.columns() / samples;
    first -= slots;
    TimePolynomials longer = new TimePolynomials(grid, first, compression.mostNodes());
    DenseMatrix ofOld =
        polynomials == null ? DenseMatrix.zeros(0, longer.count()) : longer.onTheLast(polynomials);
    DenseMatrix values = longer.valuesOfFirst(slots);
    DenseMatrix weighted = longer.timesWeights(longer.valuesOfFirst(slots));
    bound.fold(
        slots + ofOld.rows(), longer.count(), TimePolynomials.defect(ofOld, values, weighted));
    add(fold(adjoints, a, ofOld, values, weighted, q -> 1 / longer.weight(q)), restOfAdjoints);
    double[] ofEach = fold(activations, phi, ofOld, weighted, values, longer::weight);
    add(ofEach, restOfActivations);
    polynomials = longer;
  }

  /**
   * Takes a segment into the coefficients.
   *
   * @param kept the coefficients, one slot after the other. Modified.
   * @param ofOld M
   * @param map of the segment's slots to coefficients
   * @param back of coefficients to slots, transposed
   * @param weights of the squares of slots
   * @return the squares of what is left, of each column of a slot
   */
  private double[] fold(
      Matrix kept,
      Matrix slots,
      DenseMatrix ofOld,
      DenseMatrix map,
      DenseMatrix back,
      IntToDoubleFunction weights) {
    int ofSlot = slots.columns() / map.rows();
    Matrix old = kept.columnRange(0, ofSlot * ofOld.rows());
    try (Workspace scratch = workspace.scope()) {
      Matrix coefficients = scratch.allocate(slots.rows(), ofSlot * map.columns());
      try (Workspace maps = scratch.scope()) {
        TimeCompression.project(slots, map, coefficients, maps);
        if (ofOld.rows() > 0) {
          int length = slots.rows() * ofSlot;
          backend.gemm(
              Transpose.NO,
              Transpose.NO,
              1,
              old.reshape(length, ofOld.rows()),
              maps.upload(ofOld),
              1,
              coefficients.reshape(length, map.columns()));
        }
      }
      double[] squares = TimeCompression.rest(slots, coefficients, back, weights, scratch);
      if (ofOld.rows() > 0) {
        add(TimeCompression.rest(old, coefficients, ofOld, j -> 1, scratch), squares);
      }
      backend.copy(coefficients, kept.columnRange(0, coefficients.columns()));
      return squares;
    }
  }

  @Override
  public void end(Matrix lambda) {
    backend.copy(lambda, initialAdjoint);
  }

  /** The compressed features, once the way back has ended; what it took beside them stays. */
  Compressed compressed() {
    int count = compression.count(k -> Math.sqrt(square(adjoint(k)) * square(activation(k))));
    double[] ofAdjoints = restOfAdjoints.clone();
    double[] ofActivations = restOfActivations.clone();
    int left = compression.mostNodes() - count;
    if (left > 0) {
      add(
          TimeCompression.squares(
              activations.columnRange(count * samples, left * samples), samples, workspace),
          ofActivations);
      add(
          TimeCompression.squares(
              adjoints.columnRange(count * columns, left * columns), columns, workspace),
          ofAdjoints);
    }
    TangentFeatures features =
        new TangentFeatures(
            model,
            adjoints.columnRange(0, columns * count),
            activations.columnRange(0, samples * count),
            initialAdjoint,
            finalActivation,
            x,
            outputs);
    return bound.of(
        features,
        TimeCompression.summed(
            ofAdjoints, TimeCompression.squares(features.adjoints(), columns, workspace)),
        TimeCompression.greatest(
            ofActivations, TimeCompression.squares(features.activations(), samples, workspace)),
        columns);
  }

  private Matrix adjoint(int k) {
    return adjoints.columnRange(k * columns, columns);
  }

  private Matrix activation(int k) {
    return activations.columnRange(k * samples, samples);
  }

  private double square(Matrix m) {
    return backend.dot(m, m);
  }

  private static void add(double[] terms, double[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += terms[i];
    }
  }
}
