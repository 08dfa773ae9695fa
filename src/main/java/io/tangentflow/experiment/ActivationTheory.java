package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.kernel.dual.HermiteExpansion;
import io.tangentflow.kernel.dual.Parity;
import io.tangentflow.model.Activation;
import io.tangentflow.report.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * What theorems say of an activation φ.
 *
 * <ul>
 *   <li>Gao, Sun, Liu and Gao (ICLR 2025): the limiting NTK is strictly positive definite on
 *       distinct inputs of one sphere if φ is not a polynomial; gradient descent converges (their
 *       Theorem 3) if also φ and φ' are Lipschitz. For an odd φ, f(−x) = −f(x) whatever the
 *       parameters, so among those inputs none may be the opposite of another.
 *   <li>Gneiting (Bernoulli 2013): Σ_k a_k ρ^k with a_k ≥ 0 is strictly positive definite on
 *       spheres of all dimensions if and only if infinitely many even and infinitely many odd a_k
 *       are positive. Here a_k = α_k², of one layer: E[φ(u)φ(v)].
 * </ul>
 *
 * No number of coefficients proves that infinitely many are not zero. They are taken to be where
 * those above rounding reach as far as half the last of all.
 */
final class ActivationTheory {

  /** With fewer coefficients above rounding nothing is said of those of a higher degree. */
  private static final int LEAST_SIGHT = 8;

  /** Of all coefficients of one parity that are not zero. */
  enum Extent {
    /** There are finitely many, known for a polynomial and as far as seen for others. */
    FINITE,
    /** They do not end, as far as seen. */
    INFINITE,
    /** Rounding hides too much. */
    UNKNOWN
  }

  /** Of φ. */
  enum Symmetry {
    EVEN,
    ODD,
    NEITHER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Activation phi;
  private final HermiteExpansion expansion;

  ActivationTheory(Activation phi, HermiteExpansion expansion) {
    this.phi = phi;
    this.expansion = expansion;
  }

  /** By the coefficients above rounding. */
  Symmetry symmetry() {
    boolean even = expansion.significant(Parity.EVEN).length > 0;
    boolean odd = expansion.significant(Parity.ODD).length > 0;
    return even && odd ? Symmetry.NEITHER : even ? Symmetry.EVEN : Symmetry.ODD;
  }

  /** Whether the coefficients of that parity end. */
  Extent extent(Parity parity) {
    if (phi.polynomial()) {
      return Extent.FINITE;
    }
    if (expansion.last() < LEAST_SIGHT) {
      return Extent.UNKNOWN;
    }
    int[] seen = expansion.significant(parity);
    return seen.length > 0 && seen[seen.length - 1] >= expansion.last() / 2
        ? Extent.INFINITE
        : Extent.FINITE;
  }

  boolean theoremThree() {
    return phi.lipschitz().isPresent()
        && phi.derivativeLipschitz().isPresent()
        && !phi.polynomial();
  }

  List<String> findings() {
    List<String> sentences = new ArrayList<>();
    sentences.add(convergence());
    sentences.add(tangentKernel());
    sentences.add(oneLayer());
    return sentences;
  }

  private String convergence() {
    return "Theorem 3 (Gao et al. 2025) asks for φ Lipschitz ("
        + answer(phi.lipschitz())
        + "), φ' Lipschitz ("
        + answer(phi.derivativeLipschitz())
        + ") and φ no polynomial ("
        + (phi.polynomial() ? "no" : "yes")
        + "): "
        + (theoremThree()
            ? "gradient descent converges at sufficient width."
            : "it says nothing of this φ.");
  }

  private static String answer(OptionalDouble constant) {
    return constant.isPresent() ? "yes, " + Numbers.significant(constant.getAsDouble(), 4) : "no";
  }

  private String tangentKernel() {
    if (phi.polynomial()) {
      return "Limiting NTK: φ is a polynomial, so strict positive definiteness is not guaranteed (Gao"
          + " et al. 2025).";
    }
    return "Limiting NTK: φ is no polynomial, so it is strictly positive definite on distinct inputs"
        + " of one sphere (Gao et al. 2025)"
        + (symmetry() == Symmetry.ODD
            ? "; but φ is odd, so f(−x) = −f(x), and no input may be the opposite of another."
            : ".");
  }

  private String oneLayer() {
    Extent even = extent(Parity.EVEN);
    Extent odd = extent(Parity.ODD);
    String subject = "One layer, E[φφ] = Σ α_k² ρ^k: ";
    if (even == Extent.UNKNOWN || odd == Extent.UNKNOWN) {
      return subject
          + "too few coefficients stand above rounding to tell whether infinitely many are not zero;"
          + " raise the variance.";
    }
    String seen = phi.polynomial() ? "" : ", as far as seen";
    if (even == Extent.INFINITE && odd == Extent.INFINITE) {
      return subject
          + "infinitely many even and odd α_k are not zero"
          + seen
          + ", so it is strictly positive definite on spheres of all dimensions (Gneiting 2013).";
    }
    if (even == Extent.FINITE && odd == Extent.FINITE) {
      return subject
          + "finitely many α_k are not zero"
          + seen
          + ", so it is singular on enough points of a sphere (Gneiting 2013).";
    }
    return subject
        + (even == Extent.INFINITE
            ? "infinitely many even α_k are not zero, and finitely many odd ones"
            : "infinitely many odd α_k are not zero, and finitely many even ones")
        + seen
        + ", so it is not strictly positive definite on whole spheres (Gneiting 2013): enough pairs x,"
        + " −x make it singular"
        + (symmetry() == Symmetry.NEITHER ? "" : ", here one pair")
        + "; without opposite points it is strictly positive definite."
        + (symmetry() == Symmetry.ODD
            ? ""
            : " The kernels of the network compose it over time; of those this says nothing.");
  }

  void write(ObjectNode node) {
    node.put("lipschitz", phi.lipschitz().isPresent())
        .put("derivativeLipschitz", phi.derivativeLipschitz().isPresent())
        .put("nonPolynomial", !phi.polynomial())
        .put("theoremThreeApplies", theoremThree());
    findings().forEach(node.putArray("findings")::add);
  }
}
