package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Precision;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Steps chosen such that the estimated error of each, as a fraction of the state, stays below a
 * tolerance. Both are measured by the root mean square over the neurons and samples, since the
 * neurons of a layer are exchangeable; or by the largest of the samples' own fractions.
 *
 * @param tableau a method that estimates its error
 * @param relative the largest fraction
 * @param perSample whether each sample is held to it, or all together
 */
public record Tolerance(Tableau tableau, double relative, boolean perSample) implements Stepping {

  /** Below so many unit roundoffs an error estimate is rounding. */
  private static final double LEAST_ROUNDOFFS = 16;

  public Tolerance {
    if (!tableau.embedded()) {
      List<String> embedded =
          Tableau.ALL.stream().filter(Tableau::embedded).map(Tableau::name).toList();
      throw new InvalidConfiguration(
          "--solver",
          String.format(
              "%s does not estimate its error, so it takes a number of steps, not a tolerance;"
                  + " choose one of %s for that",
              tableau, embedded.stream().collect(Collectors.joining(", "))));
    }
    if (!(relative > 0 && relative < 1)) {
      throw new InvalidConfiguration(
          "--tolerance", "must be greater than 0 and less than 1, not " + relative);
    }
  }

  /** All samples together. */
  public Tolerance(Tableau tableau, double relative) {
    this(tableau, relative, false);
  }

  /** That of a state: in TF32 products alone are rounded more. */
  static double unitRoundoff(Precision precision) {
    return precision.single() ? Precision.FP32.unitRoundoff() : precision.unitRoundoff();
  }

  /** Refuses a tolerance below what the precision resolves: estimates would be rounding. */
  public void requireResolvedBy(Precision precision) {
    double u = precision.unitRoundoff(); // Of TF32 that of its products, which errors are seen by.
    if (relative < LEAST_ROUNDOFFS * u) {
      throw new InvalidConfiguration(
          "--tolerance",
          String.format(
              "%.1e is less than %s resolves, %.1e; raise it or use --precision fp64",
              relative, precision, LEAST_ROUNDOFFS * u));
    }
  }

  @Override
  public String label() {
    String number = Double.toString(relative).replace(".0E", "e").replace('E', 'e');
    return tableau + "/" + number;
  }
}
