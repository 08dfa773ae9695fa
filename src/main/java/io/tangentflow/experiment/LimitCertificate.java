package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.SamplePairs;
import io.tangentflow.data.SamplePairs.Match;
import io.tangentflow.data.SamplePlaces;
import io.tangentflow.experiment.ConvergenceAssumptions.Assumption;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.limit.InputRounding;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitProgress;
import io.tangentflow.kernel.limit.LimitTiles;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.kernel.limit.PolynomialRank;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.spectrum.GramCertificate;
import io.tangentflow.spectrum.KernelPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.ForkJoinPool;

/**
 * Whether the limiting NTK of given samples is strictly positive definite, and what gradient
 * descent makes of it: the eigenvalues with their bounds, what is exactly singular, and the
 * assumptions of the convergence theorem.
 *
 * @param gram the eigenvalues
 * @param entryError the error estimate of an entry as a function of inner products
 * @param rounding what the rounding of inner products makes of it
 * @param pairs how the samples lie to each other
 * @param closest the kernel on the closest pair
 * @param mostOpposite the kernel on the most opposite pair
 * @param mostDependent the kernel on the pair that it tells apart least
 * @param rankLimit the greatest rank that the Gram can have, where that is less than its order
 * @param singularities why the kernel is singular in exact arithmetic; none if it need not be
 */
public record LimitCertificate(
    GramCertificate gram,
    double entryError,
    InputRounding rounding,
    SamplePairs pairs,
    Optional<KernelPair> closest,
    Optional<KernelPair> mostOpposite,
    Optional<KernelPair> mostDependent,
    OptionalLong rankLimit,
    List<String> singularities,
    List<Assumption> assumptions) {

  /** The x in [0, 8] at which φ is held against −φ(−x). */
  private static final int ODD_POINTS = 32;

  /**
   * Computes the Gram and all that is said of it.
   *
   * @param kernel of {@code ode}
   * @param depth L, empty for the continuum
   * @param data the samples. Not modified.
   * @param pool the threads that compute
   * @param progress as of {@link LimitingKernel#gram(DenseMatrix, ForkJoinPool, LimitProgress)}
   * @throws InvalidConfiguration if the kernel vanishes on the samples
   * @throws io.tangentflow.TangentFlowException.KernelNotPositive if λ_min is negative by more than
   *     its bound, so that the error estimates are wrong
   */
  public static LimitCertificate of(
      NeuralOde ode,
      LimitingKernel kernel,
      OptionalInt depth,
      Dataset data,
      ForkJoinPool pool,
      LimitProgress progress) {
    DenseMatrix inputs = data.inputs();
    LimitTiles tiles = kernel.tiles(inputs, pool, progress);
    LimitGram limit = tiles.gram(pool.getParallelism(), progress);
    if (limit.ntk().norm() == 0) {
      throw new InvalidConfiguration(
          ode.sigmaV() == 0 ? "--sigma-v" : ode.sigmaU() == 0 ? "--sigma-u" : "--data",
          "the kernel is zero on these data");
    }
    SamplePairs pairs = SamplePairs.of(inputs);
    InputRounding rounding =
        InputRounding.of(
            kernel, tiles, inputs, pairs.greatestCorrelation(), limit.ntkError(), pool);
    Activation phi = ode.activation();
    OptionalLong rankLimit =
        PolynomialRank.below(
            inputs.columns(),
            phi,
            depth,
            inputs.rows(),
            ConvergenceAssumptions.onOneSphere(pairs, inputs.rows()));
    return new LimitCertificate(
        GramCertificate.of(limit.ntk(), limit.ntkError(), rounding.ntkError()),
        limit.ntkError(),
        rounding,
        pairs,
        pairs.closest().map(pair -> KernelPair.of(limit.ntk(), pair.first(), pair.second())),
        pairs.mostOpposite().map(pair -> KernelPair.of(limit.ntk(), pair.first(), pair.second())),
        KernelPair.mostDependent(limit.ntk()),
        rankLimit,
        singularities(ode, data, pairs, rankLimit),
        ConvergenceAssumptions.of(phi, pairs, inputs.rows()));
  }

  /** What is known of the kernel's definiteness on the samples. */
  public Definiteness definiteness() {
    return singularities.isEmpty() ? Definiteness.of(gram) : Definiteness.SINGULAR;
  }

  private static List<String> singularities(
      NeuralOde ode, Dataset data, SamplePairs pairs, OptionalLong rankLimit) {
    SamplePlaces places = data.places();
    Activation phi = ode.activation();
    List<String> reasons = new ArrayList<>();
    if (!pairs.duplicates().isEmpty()) {
      Match match = pairs.duplicates().get(0);
      reasons.add(
          places.of(match.second())
              + " repeats "
              + places.of(match.first())
              + others(pairs.duplicates().size()));
    }
    if (!pairs.antipodes().isEmpty() && odd(phi)) {
      Match match = pairs.antipodes().get(0);
      reasons.add(
          places.of(match.second())
              + " is the negative of "
              + places.of(match.first())
              + others(pairs.antipodes().size())
              + ", and "
              + phi.label()
              + " is odd");
    }
    if (DualActivation.of(phi).homogeneous()) {
      pairs
          .closest()
          .filter(pair -> pairs.duplicates().isEmpty() && proportional(data.inputs(), pair))
          .ifPresent(
              pair ->
                  reasons.add(
                      String.format(
                          "%s is a positive multiple of %s, and so are its features, as"
                              + " %s(λx) = λ%s(x) for λ > 0",
                          places.of(pair.second()),
                          places.of(pair.first()),
                          phi.label(),
                          phi.label())));
    }
    if (!pairs.zeros().isEmpty() && phi.value(0) == 0) {
      reasons.add(
          places.of(pairs.zeros().get(0))
              + " is zero"
              + others(pairs.zeros().size())
              + ", and so is "
              + phi.label()
              + " at 0");
    }
    if (rankLimit.isPresent()) {
      reasons.add(
          phi.label()
              + " is a polynomial, and the rank at most "
              + rankLimit.getAsLong()
              + ", less than the "
              + data.samples()
              + " samples");
    }
    if (ode.sigmaU() == 0 && data.samples() > 1) {
      reasons.add("with sigma-u = 0 the network does not see its inputs");
    }
    return List.copyOf(reasons);
  }

  /** Whether the two are multiples of each other, their products compared without rounding. */
  private static boolean proportional(DenseMatrix inputs, SamplePairs.Pair pair) {
    int largest = 0;
    for (int k = 1; k < inputs.rows(); k++) {
      if (Math.abs(inputs.get(k, pair.first())) > Math.abs(inputs.get(largest, pair.first()))) {
        largest = k;
      }
    }
    double x = inputs.get(largest, pair.first());
    double y = inputs.get(largest, pair.second());
    for (int k = 0; k < inputs.rows(); k++) {
      double left = inputs.get(k, pair.first()) * y;
      double right = inputs.get(k, pair.second()) * x;
      double leftRest = Math.fma(inputs.get(k, pair.first()), y, -left);
      double rightRest = Math.fma(inputs.get(k, pair.second()), x, -right);
      if (left != right || leftRest != rightRest) {
        return false;
      }
    }
    return x * y > 0;
  }

  private static String others(int count) {
    return count == 1 ? "" : " (and " + (count - 1) + " more)";
  }

  private static boolean odd(Activation phi) {
    for (int k = 0; k <= ODD_POINTS; k++) {
      double x = 8.0 * k / ODD_POINTS;
      if (phi.value(x) != -phi.value(-x)) {
        return false;
      }
    }
    return true;
  }
}
