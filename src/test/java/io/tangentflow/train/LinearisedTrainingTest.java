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
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.Networks;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Networks that are trained, against the dynamics in their own tangent kernel at the start. */
class LinearisedTrainingTest {

  private static final int TRAIN = 4;
  private static final int TEST = 3;
  private static final int OUTPUTS = 2;
  private static final TimeGrid GRID = new TimeGrid(Tableau.RK4, 3);

  private static NeuralOde model(int width) {
    return new NeuralOde(5, width, OUTPUTS, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
  }

  private static DenseMatrix columns(DenseMatrix matrix, int from, int to) {
    int rows = matrix.rows();
    return new DenseMatrix(
        rows, to - from, Arrays.copyOfRange(matrix.values(), from * rows, to * rows));
  }

  /**
   * ‖f_k − f_k^lin‖ over training and test samples and outputs, of a network after k steps.
   *
   * @param rate of 1/λ_max of its own kernel
   */
  private static double gap(int width, long seed, double rate, int steps) {
    NeuralOde model = model(width);
    DenseMatrix inputs = Networks.inputs(model, TRAIN + TEST);
    DenseMatrix targets = Parameters.gaussian(OUTPUTS, TRAIN, 5, 7);
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1));
        Workspace workspace = backend.workspace("a test", 1L << 30)) {
      EmpiricalNtk.Result start =
          new EmpiricalNtk(
                  model,
                  GRID,
                  GramPlan.of(
                      GramStrategy.STRUCTURED,
                      model,
                      GRID,
                      TRAIN + TEST,
                      Precision.FP64,
                      MemoryBudget.shared(1L << 30)))
              .gram(new Parameters.Seeded(seed), inputs, backend, fraction -> {});
      KernelBlocks theta = KernelBlocks.cut(start.gram(), TRAIN * OUTPUTS);
      KernelDynamics dynamics =
          KernelDynamics.of(theta.train(), targets).from(columns(start.outputs(), 0, TRAIN));
      double eta = rate / dynamics.greatestEigenvalue();
      SpectralFilter filter = new SpectralFilter.Descent(eta, steps);

      Weights weights = Weights.place(model, new Parameters.Seeded(seed), workspace);
      Matrix x = weights.upload(columns(inputs, 0, TRAIN), workspace);
      Matrix y = workspace.allocate(OUTPUTS, TRAIN);
      backend.upload(targets, y);
      Training training =
          Trainings.of(
              new DiscreteAdjoint(GRID), new UpdateRule.Descent(), eta, weights, x, y, workspace);
      for (int step = 0; step < steps; step++) {
        training.step();
      }
      Matrix all = weights.upload(inputs, workspace);
      FixedStepSolver.Solve solve = new FixedStepSolver(GRID).prepare(weights, all, workspace);
      solve.run();
      DenseMatrix f = backend.download(solve.trajectory().outputs());
      return Math.hypot(
          columns(f, 0, TRAIN).distance(dynamics.trainOutputs(filter)),
          columns(f, TRAIN, TRAIN + TEST)
              .distance(
                  dynamics.outputs(
                      filter, theta.cross(), columns(start.outputs(), TRAIN, TRAIN + TEST))));
    }
  }

  /** f(θ − η∇L) = f(θ) − ηΘ(f − y) + O(η²): halving η quarters the gap, but for O(η³). */
  @Test
  void aFewShortStepsOfANetworkAreThoseOfItsKernelUpToTheSecondOrder() {
    for (int steps : new int[] {1, 3}) {
      double gap = gap(20, 1, 2e-3, steps);
      double half = gap(20, 1, 1e-3, steps);
      assertTrue(half > 1e-9, "above rounding: " + half);
      assertEquals(2, Math.log(gap / half) / Math.log(2), 0.02, steps + " steps");
    }
  }

  /**
   * A wide network's kernel moves by O(1/n) in training (Dyer and Gur-Ari 2020; Lee et al. 2019
   * prove O(n^(−1/2))), and so does the gap: 16 times the width leaves a sixteenth, twice that
   * allowed for the scatter of a root mean square over eight networks.
   */
  @Test
  void wideNetworksTrainAsTheirKernelDoes() {
    double narrow = rootMeanSquareGap(64);
    double wide = rootMeanSquareGap(1024);
    assertTrue(wide < narrow / 16 * 2, narrow + " and " + wide);
    assertTrue(wide > 1e-4 && wide < 0.1, "" + wide);
  }

  private static double rootMeanSquareGap(int width) {
    double squares = 0;
    for (int seed = 0; seed < 8; seed++) {
      double gap = gap(width, seed, 0.5, 50);
      squares += gap * gap;
    }
    return Math.sqrt(squares / 8);
  }
}
