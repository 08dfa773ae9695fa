package io.tangentflow.sweep;

import java.util.Objects;

/**
 * What was computed for a cell: a line of {@code results.jsonl}.
 *
 * @param cell which network
 * @param relativeError ‖K_n − K_∞‖_F / ‖K_∞‖_F
 * @param leastEigenvalue of K_n
 * @param leastEigenvalueError bound of its distance to the exact one of the computed K_n
 * @param roundingBound a bound on how far the rounding of the products of gradients can have moved
 *     an eigenvalue
 * @param greatestEigenvalue of K_n
 * @param precisionError relative Frobenius difference of a block of K_n from FP64: of FP32 networks
 *     the first of each width, activation, solver and depth; null elsewhere, and where FP64 would
 *     not have fitted into memory
 * @param gram how K_n was computed
 * @param peakBytes the most that the backend held
 * @param seconds of the cell
 * @param place where it was computed
 */
public record CellResult(
    Cell cell,
    double relativeError,
    double leastEigenvalue,
    double leastEigenvalueError,
    double roundingBound,
    double greatestEigenvalue,
    Double precisionError,
    String gram,
    long peakBytes,
    double seconds,
    Place place) {

  public CellResult {
    Objects.requireNonNull(gram);
    Objects.requireNonNull(place);
  }
}
