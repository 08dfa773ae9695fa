package io.tangentflow.spectrum;

import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.spectrum.BlockLanczos.Measure;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * The extreme eigenvalues of a symmetric matrix, without its reduction.
 *
 * @param least the least ones, rising
 * @param greatest the greatest ones, rising
 * @param products of K with a vector, or of its inverse
 * @param restarts of the iteration, where its basis was full
 * @param verifiedLeast λ_min, bounded from both sides; empty where only products with K are known,
 *     or a factorisation does not confirm it
 * @param verifiedGreatest λ_max, likewise
 */
public record ExtremeEigenvalues(
    List<RitzValue> least,
    List<RitzValue> greatest,
    int products,
    int restarts,
    Optional<VerifiedEigenvalue> verifiedLeast,
    Optional<VerifiedEigenvalue> verifiedGreatest) {

  /**
   * Of an operator, by Lanczos' method with blocks and thick restarts. Eigenvalues at the end where
   * they lie apart take few products; a kernel's least ones lie close together, and take about as
   * many as its order, and a basis of that many vectors: with fewer they are reported as not
   * converged.
   *
   * @param progress receives the products that are done
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if so few products give no
   *     answer
   */
  public static ExtremeEigenvalues of(
      SymmetricOperator operator, Search asked, IntConsumer progress) {
    Search search = asked.within(operator.order());
    BlockLanczos.Found found = new BlockLanczos(operator, search, Measure.NORM, progress).find();
    List<RitzValue> least = evaluate(operator, found.least(), search, found.norm());
    List<RitzValue> greatest = evaluate(operator, found.greatest(), search, found.norm());
    return new ExtremeEigenvalues(
        least,
        greatest,
        found.products() + least.size() + greatest.size(),
        found.restarts(),
        Optional.empty(),
        Optional.empty());
  }

  /**
   * Of a matrix in memory: the greatest as {@link #of}, the least as the greatest of (K − σI)⁻¹
   * with σ just below λ_min, by Cholesky's factorisation, N³/3 FLOPs, where they lie apart. Both
   * ends are verified by factorisations from outside ({@link VerifiedEigenvalue}). It holds N²
   * numbers beside the matrix, which is not modified and of which only the lower triangle is read.
   * Each end may take the products that are allowed.
   *
   * @param progress receives the products that are done
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if so few products give no
   *     answer
   */
  public static ExtremeEigenvalues ofDense(
      DenseMatrix symmetric, Search asked, IntConsumer progress) {
    SymmetricOperator operator = SymmetricOperator.dense(symmetric);
    Search search = asked.within(operator.order());
    Part greatest = Part.NONE;
    if (search.greatest() > 0) {
      Search top = search.greatestOnly(search.greatest());
      BlockLanczos.Found found = new BlockLanczos(operator, top, Measure.NORM, progress).find();
      greatest =
          new Part(evaluate(operator, found.greatest(), search, found.norm()), found, found.norm());
    }
    Part least = Part.NONE;
    if (search.least() > 0) {
      int before = greatest.products;
      ShiftedInverse inverse = ShiftedInverse.below(symmetric);
      double norm = greatest.norm > 0 ? greatest.norm : symmetric.norm();
      // With the residual r of (K − σI)⁻¹ relative to its eigenvalue, K has at most ‖K − σI‖r.
      double part = norm > 0 ? norm / (norm + Math.abs(inverse.shift())) : 1;
      Search top = search.greatestOnly(search.least()).to(search.tolerance() * part);
      BlockLanczos.Found found =
          new BlockLanczos(
                  inverse.operator(), top, Measure.VALUE, done -> progress.accept(before + done))
              .find();
      least = new Part(evaluate(operator, found.greatest(), search, norm), found, norm);
    }
    return new ExtremeEigenvalues(
        least.values,
        greatest.values,
        least.products + greatest.products,
        least.restarts + greatest.restarts,
        least.values.stream().findFirst().flatMap(value -> verified(value, symmetric, 1)),
        greatest.values.stream()
            .reduce((first, second) -> second)
            .flatMap(value -> verified(value, symmetric, -1)));
  }

  /** What they say of a symmetric matrix that is as near as the error in the spectral norm. */
  public ExtremeEigenvalues within(double error) {
    return new ExtremeEigenvalues(
        least.stream().map(value -> value.within(error)).toList(),
        greatest.stream().map(value -> value.within(error)).toList(),
        products,
        restarts,
        verifiedLeast.map(value -> value.within(error)),
        verifiedGreatest.map(value -> value.within(error)));
  }

  /** Whether all converged. */
  public boolean converged() {
    return Stream.concat(least.stream(), greatest.stream()).allMatch(RitzValue::converged);
  }

  /**
   * One end.
   *
   * @param norm ‖K‖, about
   */
  private record Part(List<RitzValue> values, int products, int restarts, double norm) {

    static final Part NONE = new Part(List.of(), 0, 0, 0);

    Part(List<RitzValue> values, BlockLanczos.Found found, double norm) {
      this(values, found.products() + values.size(), found.restarts(), norm);
    }
  }

  /** What K itself says of approximate eigenvectors, N×k, in rising order. */
  private static List<RitzValue> evaluate(
      SymmetricOperator operator, DenseMatrix vectors, Search search, double norm) {
    if (vectors.columns() == 0) {
      return List.of();
    }
    DenseMatrix products = operator.times(vectors);
    List<RitzValue> values = new ArrayList<>();
    for (int j = 0; j < vectors.columns(); j++) {
      double squared = 0;
      double quotient = 0;
      for (int i = 0; i < vectors.rows(); i++) {
        squared += vectors.get(i, j) * vectors.get(i, j);
        quotient += vectors.get(i, j) * products.get(i, j);
      }
      double theta = quotient / squared;
      double sum = 0;
      for (int i = 0; i < vectors.rows(); i++) {
        double r = products.get(i, j) - theta * vectors.get(i, j);
        sum += r * r;
      }
      double residual = Math.sqrt(sum / squared);
      // The residual's own rounding: of each entry a product and a difference, then a sum of N.
      double u = Precision.FP64.unitRoundoff();
      double rounding =
          u * (4 * (Math.abs(theta) + operator.productError()) + (vectors.rows() + 4) * residual);
      values.add(
          new RitzValue(
              theta,
              residual,
              residual + operator.productError() + rounding,
              residual <= search.tolerance() * norm));
    }
    values.sort(Comparator.comparingDouble(RitzValue::value));
    return List.copyOf(values);
  }

  private static Optional<VerifiedEigenvalue> verified(
      RitzValue value, DenseMatrix symmetric, int sign) {
    Spectrum.Extreme extreme = new Spectrum.Extreme(value.value(), value.residual(), value.bound());
    try {
      return Optional.of(VerifiedEigenvalue.verified(extreme, symmetric, sign));
    } catch (ArithmeticException e) {
      return Optional.empty(); // Another eigenvalue lies beyond.
    }
  }
}
