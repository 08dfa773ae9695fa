package io.tangentflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.spectrum.Spectrum;
import io.tangentflow.testing.Networks;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;

/** The loss that a fixed kernel predicts, against that of networks which are trained. */
class PredictedLossTest {

  private static final int SAMPLES = 5;
  private static final int OUTPUTS = 2;
  private static final DiscreteAdjoint METHOD = new DiscreteAdjoint(new TimeGrid(Tableau.EULER, 5));
  private static final Set<Block> ALL = EnumSet.allOf(Block.class);

  /** With U and W frozen the network is linear in what is trained, and its kernel constant. */
  private static final Set<Block> LAST = EnumSet.of(Block.V);

  /** A network before its first step, in FP64. */
  private static final class Beginning implements AutoCloseable {
    private final Backend backend =
        Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1));
    private final Workspace workspace = backend.workspace("a test", 1L << 30);
    private final Set<Block> blocks;
    private final Weights weights;
    private final Matrix x;
    private final DenseMatrix outputs;
    private final DenseMatrix gram;
    private final DenseMatrix mean;

    Beginning(int width, long seed, Set<Block> blocks) {
      this.blocks = blocks;
      NeuralOde model = model(width);
      DenseMatrix inputs = Networks.inputs(model, SAMPLES);
      weights = Weights.place(model, new Parameters.Seeded(seed), workspace);
      x = weights.upload(inputs, workspace);
      outputs = backend.download(METHOD.outputs(weights, x, workspace));
      gram = gram(inputs, false);
      mean = gram(inputs, true);
    }

    private DenseMatrix gram(DenseMatrix inputs, boolean meanOfOutputs) {
      return new KernelMonitor(
              weights.model(),
              METHOD,
              blocks,
              inputs,
              meanOfOutputs,
              Precision.FP64,
              MemoryBudget.shared(1L << 29))
          .kernel(weights, workspace)
          .gram();
    }

    Training training(DenseMatrix targets, double rate, boolean meanOfSamples) {
      return Trainings.of(
          new Training.Setup(
              METHOD, Loss.SQUARED, meanOfSamples, blocks, new UpdateRule.Descent(), rate, SAMPLES),
          weights,
          x,
          workspace.upload(targets),
          workspace);
    }

    @Override
    public void close() {
      workspace.close();
      backend.close();
    }
  }

  private static NeuralOde model(int width) {
    return new NeuralOde(6, width, OUTPUTS, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
  }

  private static DenseMatrix targets() {
    return Parameters.gaussian(OUTPUTS, SAMPLES, 5, 7);
  }

  /** To the rounding of so many steps, each of which moves the outputs by a few roundings. */
  @Test
  void theLossOfAModelThatIsLinearIsTheOnePredictedAtEveryStep() {
    for (boolean meanOfSamples : new boolean[] {false, true}) {
      for (boolean meanOfOutputs : new boolean[] {false, true}) {
        try (Beginning at = new Beginning(40, 1, LAST)) {
          DenseMatrix kernel = meanOfOutputs ? at.mean : at.gram;
          KernelDynamics dynamics = KernelDynamics.of(kernel, targets()).from(at.outputs);
          double weight = meanOfSamples ? 1.0 / SAMPLES : 1;
          double rate = 0.7 / (weight * dynamics.greatestEigenvalue());
          PredictedLoss predicted = new PredictedLoss(dynamics, rate, weight);
          Training training = at.training(targets(), rate, meanOfSamples);
          double first = predicted.at(0).orElseThrow();
          double loss = first;
          for (int step = 0; step < 300; step++) {
            double expected = predicted.at(step).orElseThrow();
            loss = training.step();
            assertEquals(expected, loss, 1e-14 * (step + 10) * first, "step " + step);
          }
          assertTrue(loss < 0.5 * first, loss + " of " + first);
        }
      }
    }
  }

  /** Where the residual is an eigenvector, (1 − ηλ)² of the loss is left after a step. */
  @Test
  void eachModeOfALinearModelFallsByItsOwnFactor() {
    for (int mode = 0; mode < SAMPLES * OUTPUTS; mode++) {
      try (Beginning at = new Beginning(40, 1, LAST)) {
        Spectrum.Decomposition spectrum = Spectrum.decomposition(at.gram);
        DenseMatrix y = DenseMatrix.zeros(OUTPUTS, SAMPLES);
        for (int k = 0; k < y.values().length; k++) {
          y.values()[k] = at.outputs.values()[k] - spectrum.vectors().get(k, mode);
        }
        double lambda = spectrum.values()[mode];
        double rate = 1.5 / spectrum.values()[SAMPLES * OUTPUTS - 1];
        Training training = at.training(y, rate, false);
        assertEquals(0.5, training.step(), 1e-12);
        double left = 0.5;
        for (int step = 1; step < 6; step++) {
          left *= (1 - rate * lambda) * (1 - rate * lambda);
          assertEquals(left, training.step(), 1e-12, "mode " + mode);
        }
      }
    }
  }

  /** What an automatic rate promises: 2/λ_max of the loss that is lowered is where it diverges. */
  @Test
  void aLinearModelIsStableJustBelowTheGreatestRateAndDivergesJustAboveIt() {
    for (boolean meanOfSamples : new boolean[] {false, true}) {
      double weight = meanOfSamples ? 1.0 / SAMPLES : 1;
      try (Beginning at = new Beginning(40, 1, LAST)) {
        double limit = 2 / (weight * Spectrum.greatest(at.gram).value());
        Training below = at.training(targets(), 0.995 * limit, meanOfSamples);
        double loss = below.step();
        for (int step = 1; step < 500; step++) {
          double next = below.step();
          assertTrue(next < loss, "step " + step);
          loss = next;
        }
      }
      try (Beginning at = new Beginning(40, 1, LAST)) {
        double limit = 2 / (weight * Spectrum.greatest(at.gram).value());
        Training above = at.training(targets(), 1.005 * limit, meanOfSamples);
        double first = above.step();
        double loss = first;
        double ratio = 0;
        for (int step = 1; step < 1500; step++) {
          double next = above.step();
          ratio = next / loss;
          loss = next;
        }
        assertTrue(loss > 1e6 * first, loss + " of " + first);
        // The greatest mode alone is left: (1 − 2.01)² of its loss.
        assertEquals(1.01 * 1.01, ratio, 1e-6);
      }
    }
  }

  /**
   * A wide network's kernel moves by O(1/n) (Dyer and Gur-Ari 2020), and so does the loss from the
   * one predicted; twice that is allowed for the scatter of a root mean square over eight networks.
   */
  @Test
  void theRelativeDifferenceToThePredictionFallsWithTheWidth() {
    double narrow = rootMeanSquareDifference(64);
    double wide = rootMeanSquareDifference(1024);
    assertTrue(wide < narrow / 16 * 2, narrow + " and " + wide);
    assertTrue(wide > 1e-5, "above rounding: " + wide);
  }

  private static double rootMeanSquareDifference(int width) {
    double squares = 0;
    for (int seed = 0; seed < 8; seed++) {
      try (Beginning at = new Beginning(width, seed, ALL)) {
        KernelDynamics dynamics = KernelDynamics.of(at.gram, targets()).from(at.outputs);
        double rate = 0.3 / dynamics.greatestEigenvalue();
        Training training = at.training(targets(), rate, false);
        double loss = 0;
        for (int step = 0; step <= 50; step++) {
          loss = training.step();
        }
        double predicted = new PredictedLoss(dynamics, rate, 1).at(50).orElseThrow();
        squares += Math.pow(loss / predicted - 1, 2);
      }
    }
    return Math.sqrt(squares / 8);
  }

  /** λ₀ of the limiting kernel of the same depth, by which it is surely positive. */
  @Test
  void theLossOfAWideNetworkFallsAtLeastAtTheRateOfTheLimit() {
    ForkJoinPool pool = new ForkJoinPool(1);
    try (Beginning at = new Beginning(2048, 1, ALL)) {
      NeuralOde model = model(2048);
      LimitGram limit =
          LimitingKernel.of(model, METHOD.grid())
              .gram(Networks.inputs(model, SAMPLES), pool, done -> {});
      KernelDynamics kernel =
          KernelDynamics.of(limit.ntk(), targets()).withEntryError(limit.ntkError());
      double least = kernel.leastEigenvalue() - kernel.eigenvalueError();
      assertTrue(least > 0);
      double rate = 0.5 / kernel.greatestEigenvalue();
      LinearRate linear = LinearRate.of(rate, least, kernel.greatestEigenvalue());
      assertEquals(rate * least, linear.decrease());
      Training training = at.training(targets(), rate, false);
      double first = training.step();
      for (int step = 1; step <= 200; step++) {
        double bound = first * Math.pow(linear.factor(), 2 * step);
        double loss = training.step();
        assertTrue(loss <= bound, "step " + step + ": " + loss + " above " + bound);
      }
    } finally {
      pool.shutdown();
    }
  }
}
