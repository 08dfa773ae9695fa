package io.tangentflow.sweep;

/**
 * A limiting tangent kernel of a run, beside its {@code .npy} file.
 *
 * @param name see {@link Sweep#limitName}
 * @param ntkError the largest estimated error of an entry of the NTK
 * @param nngpError the same of the NNGP
 * @param largestEntry of the NTK
 * @param leastEigenvalue λ₀ of the limiting NTK on the run's samples
 * @param leastEigenvalueError how far it may be from the exact one: the bound of the solver's
 *     error, and N times an entry's, estimated, and what the rounding of inputs' inner products can
 *     do to it
 */
public record LimitSummary(
    String name,
    double ntkError,
    double nngpError,
    double largestEntry,
    double leastEigenvalue,
    double leastEigenvalueError) {

  /** The name for people. */
  public String label() {
    return name.replaceFirst("-depth-inf$", ", L → ∞").replaceFirst("-depth-(\\d+)$", ", L = $1");
  }
}
