package io.tangentflow.experiment;

import io.tangentflow.backend.Precision;
import io.tangentflow.data.SamplePairs;
import io.tangentflow.model.Activation;
import io.tangentflow.report.Numbers;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What Theorem 3 of Gao et al. (ICLR 2025) assumes for gradient descent to converge globally, and
 * whether it holds: φ and φ' Lipschitz, φ no polynomial, distinct inputs on one sphere, and a width
 * that is large enough, which no limit can tell.
 */
public final class ConvergenceAssumptions {

  /** Whether an assumption holds. */
  public enum Status {
    /** It holds. */
    MET,
    /** It does not. */
    FAILED,
    /** It is not a matter of the limiting kernel. */
    NOT_CHECKED
  }

  /**
   * One assumption.
   *
   * @param key a name for programs
   * @param statement for people
   * @param constant that of Lipschitz, the least angle of two inputs, or the largest quotient of
   *     their ‖x‖²; empty where there is none
   * @param detail on the constant, or what is in the way
   */
  public record Assumption(
      String key, String statement, Status status, OptionalDouble constant, String detail) {}

  private ConvergenceAssumptions() {}

  /** The assumptions on an activation and N×d samples, in the order of the theorem. */
  public static List<Assumption> of(Activation phi, SamplePairs pairs, int dimension) {
    return List.of(
        lipschitz("lipschitz", "φ is Lipschitz", phi.lipschitz()),
        lipschitz("derivativeLipschitz", "φ' is Lipschitz", phi.derivativeLipschitz()),
        new Assumption(
            "nonPolynomial",
            "φ is not a polynomial",
            status(!phi.polynomial()),
            OptionalDouble.empty(),
            phi.polynomial() ? "it is one" : "–"),
        new Assumption(
            "distinct",
            "the inputs are distinct",
            status(pairs.duplicates().isEmpty()),
            pairs.closest().isPresent()
                ? OptionalDouble.of(pairs.closest().get().angle())
                : OptionalDouble.empty(),
            distinctness(pairs)),
        new Assumption(
            "oneSphere",
            "the inputs are on one sphere",
            status(onOneSphere(pairs, dimension)),
            pairs.leastNorm() > 0
                ? OptionalDouble.of(pairs.greatestNorm() / pairs.leastNorm())
                : OptionalDouble.empty(),
            "‖x‖²/d from "
                + Numbers.significant(pairs.leastNorm(), 6)
                + " to "
                + Numbers.significant(pairs.greatestNorm(), 6)),
        new Assumption(
            "wideEnough",
            "the width is large enough",
            Status.NOT_CHECKED,
            OptionalDouble.empty(),
            "the limit has no width"));
  }

  /**
   * Whether norms are positive and differ by no more than the rounding of d squares and scaling.
   */
  static boolean onOneSphere(SamplePairs pairs, int dimension) {
    double rounding = 2 * (dimension + 8) * Precision.FP64.unitRoundoff();
    return pairs.leastNorm() > 0 && pairs.greatestNorm() <= pairs.leastNorm() * (1 + rounding);
  }

  private static Assumption lipschitz(String key, String statement, OptionalDouble constant) {
    return new Assumption(
        key,
        statement,
        status(constant.isPresent()),
        constant,
        constant.isPresent()
            ? "constant " + Numbers.significant(constant.getAsDouble(), 4)
            : "no constant does");
  }

  private static String distinctness(SamplePairs pairs) {
    int repeated = pairs.duplicates().size();
    return repeated > 0
        ? repeated + (repeated == 1 ? " repeats" : " repeat") + " an earlier one"
        : pairs
            .closest()
            .map(pair -> "least angle " + Numbers.significant(pair.angle(), 3))
            .orElse("–");
  }

  private static Status status(boolean met) {
    return met ? Status.MET : Status.FAILED;
  }
}
