package io.tangentflow.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.gradient.ParameterGradients;
import io.tangentflow.gradient.SteppedAdjoint;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import io.tangentflow.train.Training.Evaluation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class TrainingTest {

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** What a test does with a network, inputs and targets on a device. */
  private interface Check {
    void of(Weights weights, Matrix x, Matrix targets, Workspace workspace);
  }

  private static void on(
      BackendCase which, NeuralOde model, Parameters parameters, int samples, Check check) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix x = weights.upload(Networks.inputs(model, samples), workspace);
      Matrix targets = workspace.allocate(model.outputs(), samples);
      backend.upload(targets(model, samples), targets);
      check.of(weights, x, targets, workspace);
    }
  }

  private static DenseMatrix targets(NeuralOde model, int samples) {
    return Parameters.gaussian(model.outputs(), samples, 5, 7);
  }

  private static Weights zero(NeuralOde model, Workspace workspace) {
    return new Weights(
        model,
        workspace.allocate(model.width(), model.inputDim()),
        workspace.allocate(model.width(), model.width()),
        workspace.allocate(model.outputs(), model.width()),
        workspace.backend());
  }

  /** The tolerance of a short computation; both sides sum some hundred products. */
  @ParameterizedTest
  @MethodSource("backends")
  void gradientIsTheResidualsCombinationOfTheOutputsGradients(BackendCase which) {
    for (Tableau tableau : Tableau.ALL) {
      for (int outputs : new int[] {1, 3}) {
        NeuralOde model =
            new NeuralOde(4, 11, outputs, 1.5, 1.2, 0.8, 1.1, StandardActivation.SOFTPLUS);
        TimeGrid grid = new TimeGrid(tableau, 3);
        on(
            which,
            model,
            new Parameters.Seeded(3),
            5,
            (weights, x, targets, workspace) -> {
              Backend backend = workspace.backend();
              Weights gradient = zero(model, workspace);
              gradient(new DiscreteAdjoint(grid), weights, x, targets, workspace)
                  .add(1, 0, gradient.blocks());

              TangentFeatures features = new DiscreteAdjoint(grid).features(weights, x, workspace);
              DenseMatrix f = backend.download(features.outputs());
              DenseMatrix u = DenseMatrix.zeros(11, 4);
              DenseMatrix w = DenseMatrix.zeros(11, 11);
              DenseMatrix v = DenseMatrix.zeros(outputs, 11);
              DenseMatrix y = backend.download(targets);
              for (int i = 0; i < 5; i++) {
                for (int o = 0; o < outputs; o++) {
                  double r = f.get(o, i) - y.get(o, i);
                  ParameterGradients g = ParameterGradients.of(features, i, o, workspace);
                  add(r, g.u(), u);
                  add(r, g.w(), w);
                  add(r, g.v(), v);
                }
              }
              assertClose(u, backend.download(gradient.u()), which);
              assertClose(w, backend.download(gradient.w()), which);
              assertClose(v, backend.download(gradient.v()), which);
            });
      }
    }
  }

  private static void add(double weight, DenseMatrix m, DenseMatrix sum) {
    for (int k = 0; k < sum.values().length; k++) {
      sum.values()[k] += weight * m.values()[k];
    }
  }

  private static void assertClose(DenseMatrix expected, DenseMatrix actual, BackendCase which) {
    assertTrue(expected.norm() > 0.01);
    assertTrue(
        expected.distance(actual) <= which.tolerance() * expected.norm(),
        which + ": " + expected.distance(actual) / expected.norm());
  }

  /** Its memory is given back, which shows where it is the device's own. */
  @ParameterizedTest
  @MethodSource("backends")
  void descentTakesTheStepsOfItsSetupAndGivesItsMemoryBack(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 64, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    TimeGrid grid = new TimeGrid(Tableau.HEUN, 3);
    Parameters start = new Parameters.Seeded(3);
    DenseMatrix inputs = Networks.inputs(model, 5);
    DenseMatrix targets = targets(model, 5);
    List<Double> losses = new ArrayList<>();
    DenseMatrix unseen = Networks.inputs(model, 2);
    try (Backend backend = which.open()) {
      long free = backend.availableBytes();
      Evaluation said;
      try (Training training =
          Training.descent(model, grid, start, inputs, targets, 0.05, backend)) {
        assertTrue(backend.sharesHostMemory() || backend.availableBytes() < free);
        for (int k = 0; k < 4; k++) {
          losses.add(training.step());
        }
        assertEquals(4, training.steps());
        said = training.evaluate(unseen, targets(model, 2));
      }
      assertTrue(backend.sharesHostMemory() || backend.availableBytes() == free);
      try (Workspace workspace = backend.workspace("a test", 1 << 28)) {
        Weights weights = Weights.place(model, start, workspace);
        Matrix x = weights.upload(inputs, workspace);
        Matrix y = workspace.upload(targets);
        Training same =
            Trainings.of(
                new DiscreteAdjoint(grid),
                new UpdateRule.Descent(),
                0.05,
                weights,
                x,
                y,
                workspace);
        for (double loss : losses) {
          assertEquals(same.step(), loss);
        }
        Matrix f =
            new DiscreteAdjoint(grid)
                .outputs(weights, weights.upload(unseen, workspace), workspace);
        assertEquals(0, said.outputs().distance(backend.download(f)));
      }
    }
    assertTrue(losses.get(3) < 0.9 * losses.get(0), losses + "");
  }

  @Test
  void descentRefusesShapesThatDoNotFit() {
    NeuralOde model = new NeuralOde(4, 8, StandardActivation.SOFTPLUS);
    TimeGrid grid = new TimeGrid(Tableau.EULER, 2);
    try (Backend backend = Backends.open("cpu-scalar", new BackendOptions(Precision.FP64))) {
      for (int[] shape : new int[][] {{4, 3, 2, 3}, {4, 3, 1, 2}, {5, 3, 1, 3}}) {
        DenseMatrix inputs = DenseMatrix.zeros(shape[0], shape[1]);
        DenseMatrix targets = DenseMatrix.zeros(shape[2], shape[3]);
        assertThrows(
            InvalidConfiguration.class,
            () ->
                Training.descent(
                    model, grid, new Parameters.Seeded(1), inputs, targets, 0.1, backend));
      }
    }
  }

  /** Differences of FP32 losses are rounding. */
  static List<BackendCase> doublePrecisionBackends() {
    return backends().stream().filter(c -> c.precision() == Precision.FP64).toList();
  }

  /** Of L(θ + εδ) with ε = 1e-5 the error is about ε² and u/ε, both relative. */
  @ParameterizedTest
  @MethodSource("doublePrecisionBackends")
  void gradientAgreesWithCentralDifferencesOfTheLoss(BackendCase which) {
    for (Tableau tableau : Tableau.ALL) {
      NeuralOde model = new NeuralOde(4, 9, 2, 1, 1, 1, 1, StandardActivation.GELU);
      TimeGrid grid = new TimeGrid(tableau, 4);
      on(
          which,
          model,
          new Parameters.Seeded(8),
          3,
          (weights, x, targets, workspace) -> {
            Backend backend = workspace.backend();
            Training training =
                Trainings.of(
                    new DiscreteAdjoint(grid),
                    new UpdateRule.Descent(),
                    1,
                    weights,
                    x,
                    targets,
                    workspace);
            Weights gradient = zero(model, workspace);
            gradient(new DiscreteAdjoint(grid), weights, x, targets, workspace)
                .add(1, 0, gradient.blocks());
            double epsilon = 1e-5;
            for (int block = 0; block < 3; block++) {
              Matrix theta = List.of(weights.u(), weights.w(), weights.v()).get(block);
              Matrix slope = List.of(gradient.u(), gradient.w(), gradient.v()).get(block);
              Matrix direction = workspace.allocate(theta.rows(), theta.columns());
              backend.gaussian(direction, 99, block);
              double expected = backend.dot(direction, slope);
              backend.addScaled(epsilon, direction, theta);
              double above = training.evaluate(x, targets).loss();
              backend.addScaled(-2 * epsilon, direction, theta);
              double below = training.evaluate(x, targets).loss();
              backend.addScaled(epsilon, direction, theta);
              assertEquals(
                  expected,
                  (above - below) / (2 * epsilon),
                  1e-7 * Math.max(1, Math.abs(expected)),
                  tableau + " block " + block);
            }
          });
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void stepsLowerTheLossAndEachReturnsTheLossBeforeIt(BackendCase which) {
    for (Tableau tableau : List.of(Tableau.EULER, Tableau.RK4)) {
      NeuralOde model = new NeuralOde(6, 64, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
      on(
          which,
          model,
          new Parameters.Seeded(1),
          4,
          (weights, x, targets, workspace) -> {
            Training training =
                descent(new TimeGrid(tableau, 5), 0.02, weights, x, targets, workspace);
            double loss = training.evaluate(x, targets).loss();
            for (int step = 0; step < 20; step++) {
              assertEquals(loss, training.step());
              double next = training.evaluate(x, targets).loss();
              assertTrue(next < loss, "step " + step + ": " + next + " after " + loss);
              loss = next;
            }
          });
    }
  }

  /** With φ the identity, Δ = 1 and all of size one f = v (1 + w) u x; the numbers are dyadic. */
  @ParameterizedTest
  @MethodSource("backends")
  void theStepOfALinearNetworkOfDepthOneIsItsFormula(BackendCase which) {
    NeuralOde model = new NeuralOde(1, 1, 1, 1, 1, 1, 1, StandardActivation.IDENTITY);
    Parameters.Given parameters = new Parameters.Given(scalar(2), scalar(0.5), scalar(-1));
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix x = weights.upload(new DenseMatrix(1, 2, new double[] {1, -0.5}), workspace);
      Matrix y = workspace.allocate(1, 2);
      backend.upload(new DenseMatrix(1, 2, new double[] {-2, 1}), y);
      Training training = descent(new TimeGrid(Tableau.EULER, 1), 0.25, weights, x, y, workspace);
      // f = v (1 + w) u x = −3 x, so r = (−1, 0.5) and Σ r x = −1.25.
      assertEquals(0.5 * (1 + 0.25), training.step());
      assertEquals(2 - 0.25 * (-1 * 1.5 * -1.25), backend.download(weights.u()).get(0, 0));
      assertEquals(0.5 - 0.25 * (-1 * 2 * -1.25), backend.download(weights.w()).get(0, 0));
      assertEquals(-1 - 0.25 * (1.5 * 2 * -1.25), backend.download(weights.v()).get(0, 0));
    }
  }

  private static DenseMatrix scalar(double value) {
    return new DenseMatrix(1, 1, new double[] {value});
  }

  @Test
  void lossesAreTheSameOnEveryBackendWithinItsPrecision() {
    NeuralOde model = new NeuralOde(6, 32, 2, 1, 1, 1, 1, StandardActivation.TANH);
    double[] reference = losses(model, new BackendCase("cpu-scalar", Precision.FP64, 1));
    assertTrue(reference[9] < 0.9 * reference[0], Arrays.toString(reference));
    for (BackendCase which : backends()) {
      double[] losses = losses(model, which);
      for (int step = 0; step < 10; step++) {
        assertEquals(reference[step], losses[step], which.tolerance() * reference[0], "" + which);
      }
    }
  }

  private static double[] losses(NeuralOde model, BackendCase which) {
    double[] losses = new double[10];
    on(
        which,
        model,
        new Parameters.Seeded(2),
        5,
        (weights, x, targets, workspace) -> {
          Training training =
              descent(new TimeGrid(Tableau.RK4, 3), 0.05, weights, x, targets, workspace);
          Arrays.setAll(losses, step -> training.step());
        });
    return losses;
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aLossThatIsNotFiniteEndsTrainingAndLeavesTheWeights(BackendCase which) {
    NeuralOde model = new NeuralOde(6, 8, 1, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    on(
        which,
        model,
        new Parameters.Seeded(2),
        5,
        (weights, x, targets, workspace) -> {
          Backend backend = workspace.backend();
          Training training =
              descent(new TimeGrid(Tableau.EULER, 3), 0.01, weights, x, targets, workspace);
          training.step();
          DenseMatrix v = backend.download(weights.v());
          v.set(0, 3, Double.NaN);
          backend.upload(v, weights.v());
          DenseMatrix w = backend.download(weights.w());
          TrainingDiverged failure = assertThrows(TrainingDiverged.class, training::step);
          assertTrue(failure.getMessage().contains("NaN at step 1"), failure.getMessage());
          assertEquals(9, failure.exitCode());
          assertEquals(0, w.distance(backend.download(weights.w())));
        });
  }

  /** All rules, blocks and batches: what is allocated once is what is stated. */
  @ParameterizedTest
  @MethodSource("backends")
  void theStatedBytesAreThePeakOfManySteps(BackendCase which) {
    NeuralOde model = new NeuralOde(5, 33, 3, 1, 1, 1, 1, StandardActivation.TANH);
    for (Tableau tableau : Tableau.ALL) {
      for (UpdateRule rule : List.of(new UpdateRule.Descent(), MOMENTUM, ADAM)) {
        for (int batch : new int[] {7, 3}) {
          Training.Setup setup =
              new Training.Setup(
                  new DiscreteAdjoint(new TimeGrid(tableau, 3)),
                  Loss.SQUARED,
                  false,
                  EnumSet.of(Block.W, Block.V),
                  rule,
                  0.01,
                  batch);
          on(
              which,
              model,
              new Parameters.Seeded(2),
              7,
              (weights, x, targets, workspace) -> {
                long before = workspace.remainingBytes();
                Training training = Trainings.of(setup, weights, x, targets, workspace);
                for (int step = 0; step < 4; step++) {
                  training.step();
                }
                assertEquals(
                    Training.bytes(setup, model, 7, which.precision().bytes()),
                    before - workspace.remainingBytes());
                assertEquals((1 << 28) - workspace.remainingBytes(), workspace.peakBytes());
              });
        }
      }
    }
  }

  /** Every method hands the same gradient over, but for the error of its solution. */
  @ParameterizedTest
  @MethodSource("doublePrecisionBackends")
  void everyMethodTrainsAlike(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 16, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    double[] reference = losses(which, model, method("discrete:rk4/20"));
    for (String name :
        List.of(
            "stored:rk4/20",
            "checkpointed=3:rk4/20",
            "augmented:rk4/20",
            "stored:dormand-prince/1e-9",
            "discrete:dormand-prince/1e-9")) {
      double[] losses = losses(which, model, method(name));
      assertArrayEquals(reference, losses, 1e-6 * reference[0], name);
    }
    // The unfused passes do the same operations in another order.
    double[] unfused =
        losses(
            which,
            model,
            new SteppedAdjoint(StandardDynamics.PRE_ACTIVATION, new TimeGrid(Tableau.RK4, 20)));
    assertArrayEquals(reference, unfused, 1e-12 * reference[0]);
  }

  private static GradientMethod method(String name) {
    return GradientMethods.named(
        "--gradient", name, StandardDynamics.PRE_ACTIVATION, Precision.FP64, false);
  }

  private static double[] losses(BackendCase which, NeuralOde model, GradientMethod method) {
    double[] losses = new double[12];
    on(
        which,
        model,
        new Parameters.Seeded(4),
        5,
        (weights, x, targets, workspace) -> {
          Training training =
              Trainings.of(method, new UpdateRule.Descent(), 0.05, weights, x, targets, workspace);
          Arrays.setAll(losses, step -> training.step());
        });
    return losses;
  }

  private static final UpdateRule MOMENTUM = new UpdateRule.Momentum(0.9);
  private static final UpdateRule ADAM = new UpdateRule.Adam(0.9, 0.99, 1e-8);

  /** Each rule written out on the host, of gradients that the device gives. */
  @ParameterizedTest
  @MethodSource("doublePrecisionBackends")
  void rulesFollowTheirRecurrences(BackendCase which) {
    NeuralOde model = new NeuralOde(3, 10, 2, 1, 1, 1, 1, StandardActivation.GELU);
    GradientMethod fused = new DiscreteAdjoint(new TimeGrid(Tableau.EULER, 3));
    for (GradientMethod method : List.of(fused, method("stored:rk4/4"))) {
      for (UpdateRule rule : List.of(new UpdateRule.Descent(), MOMENTUM, ADAM)) {
        on(
            which,
            model,
            new Parameters.Seeded(4),
            5,
            (weights, x, targets, workspace) -> {
              Backend backend = workspace.backend();
              Training training = Trainings.of(method, rule, 0.03, weights, x, targets, workspace);
              Weights gradient = zero(model, workspace);
              Map<Block, Recurrence> expected = new EnumMap<>(Block.class);
              weights
                  .blocks()
                  .forEach((b, m) -> expected.put(b, new Recurrence(backend.download(m))));
              for (int k = 1; k <= 6; k++) {
                gradient(method, weights, x, targets, workspace).add(1, 0, gradient.blocks());
                training.step();
                for (Block block : Block.values()) {
                  expected.get(block).step(rule, 0.03, k, backend.download(gradient.block(block)));
                  DenseMatrix theta = expected.get(block).theta;
                  assertTrue(
                      theta.distance(backend.download(weights.block(block)))
                          <= 1e-12 * theta.norm(),
                      which + ", " + rule + ", step " + k + ", " + block);
                }
              }
            });
      }
    }
  }

  /** A rule, number by number, as its paper has it. */
  private static final class Recurrence {
    private final DenseMatrix theta;
    private final double[] first;
    private final double[] second;

    Recurrence(DenseMatrix theta) {
      this.theta = theta;
      first = new double[theta.values().length];
      second = new double[theta.values().length];
    }

    void step(UpdateRule rule, double rate, int k, DenseMatrix gradient) {
      for (int i = 0; i < first.length; i++) {
        double g = gradient.values()[i];
        double move = g;
        if (rule instanceof UpdateRule.Momentum momentum) {
          first[i] = momentum.coefficient() * first[i] + g;
          move = first[i];
        } else if (rule instanceof UpdateRule.Adam adam) {
          first[i] = adam.beta1() * first[i] + (1 - adam.beta1()) * g;
          second[i] = adam.beta2() * second[i] + (1 - adam.beta2()) * g * g;
          double mean = first[i] / (1 - Math.pow(adam.beta1(), k));
          double square = second[i] / (1 - Math.pow(adam.beta2(), k));
          move = mean / (Math.sqrt(square) + adam.epsilon());
        }
        theta.values()[i] -= rate * move;
      }
    }
  }

  /** What is frozen stays to the last bit, and the others move as if nothing were. */
  @ParameterizedTest
  @MethodSource("backends")
  void frozenBlocksStay(BackendCase which) {
    NeuralOde model = new NeuralOde(3, 10, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    GradientMethod fused = new DiscreteAdjoint(new TimeGrid(Tableau.HEUN, 3));
    for (UpdateRule rule : List.of(new UpdateRule.Descent(), MOMENTUM, ADAM)) {
      Map<Block, DenseMatrix> all = afterOneStep(which, model, fused, rule, Set.of(Block.values()));
      for (Block frozen : Block.values()) {
        Set<Block> trained = EnumSet.complementOf(EnumSet.of(frozen));
        Map<Block, DenseMatrix> some = afterOneStep(which, model, fused, rule, trained);
        for (Block block : trained) {
          assertEquals(0, all.get(block).distance(some.get(block)), block + " beside " + frozen);
        }
        on(
            which,
            model,
            new Parameters.Seeded(4),
            5,
            (weights, x, targets, workspace) -> {
              DenseMatrix start = workspace.backend().download(weights.block(frozen));
              assertEquals(0, start.distance(some.get(frozen)), "" + frozen);
              assertTrue(start.distance(all.get(frozen)) > 1e-4, "" + frozen);
            });
      }
    }
  }

  private static Map<Block, DenseMatrix> afterOneStep(
      BackendCase which, NeuralOde model, GradientMethod method, UpdateRule rule, Set<Block> of) {
    Map<Block, DenseMatrix> result = new EnumMap<>(Block.class);
    on(
        which,
        model,
        new Parameters.Seeded(4),
        5,
        (weights, x, targets, workspace) -> {
          Trainings.of(
                  new Training.Setup(method, Loss.SQUARED, false, of, rule, 0.01, 5),
                  weights,
                  x,
                  targets,
                  workspace)
              .step();
          weights.blocks().forEach((b, m) -> result.put(b, workspace.backend().download(m)));
        });
    return result;
  }

  /** The mean of a sum over samples: at 1/N of the rate the sum's steps are the mean's. */
  @ParameterizedTest
  @MethodSource("backends")
  void theMeanOfALossIsItsSumAtARateOfOneOverN(BackendCase which) {
    NeuralOde model = new NeuralOde(3, 10, 2, 1, 1, 1, 1, StandardActivation.TANH);
    GradientMethod fused = new DiscreteAdjoint(new TimeGrid(Tableau.RK4, 2));
    double[][] losses = new double[2][5];
    for (int mean = 0; mean < 2; mean++) {
      boolean divided = mean == 1;
      double[] of = losses[mean];
      on(
          which,
          model,
          new Parameters.Seeded(4),
          8,
          (weights, x, targets, workspace) -> {
            Training training =
                Trainings.of(
                    new Training.Setup(
                        fused,
                        Loss.SQUARED,
                        divided,
                        Set.of(Block.values()),
                        MOMENTUM,
                        divided ? 0.16 : 0.02,
                        8),
                    weights,
                    x,
                    targets,
                    workspace);
            Arrays.setAll(of, step -> training.step());
            assertEquals(
                training.evaluate(x, targets).loss(), training.step(), which.tolerance() * of[0]);
          });
    }
    for (int step = 0; step < 5; step++) {
      // Eight is a power of two: dividing by it rounds nothing.
      assertEquals(losses[0][step], 8 * losses[1][step], which.tolerance() * losses[0][0]);
    }
  }

  /** A batch is a training set of its own, and the last one is what is left. */
  @ParameterizedTest
  @MethodSource("backends")
  void batchesAreTheSamplesOfTheEpochsOrder(BackendCase which) {
    NeuralOde model = new NeuralOde(3, 10, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    GradientMethod fused = new DiscreteAdjoint(new TimeGrid(Tableau.EULER, 2));
    int[][] orders = {{4, 1, 6, 0, 3, 2, 5}, {2, 6, 5, 1, 0, 4, 3}};
    on(
        which,
        model,
        new Parameters.Seeded(4),
        7,
        (weights, x, targets, workspace) -> {
          Backend backend = workspace.backend();
          Weights same = Weights.place(model, new Parameters.Seeded(4), workspace);
          Training training =
              new Training(
                  new Training.Setup(
                      fused, Loss.SQUARED, false, Set.of(Block.values()), ADAM, 0.01, 3),
                  weights,
                  x,
                  targets,
                  epoch -> orders[(int) epoch],
                  report -> {},
                  workspace);
          assertEquals(3, training.stepsPerEpoch());
          Optimiser optimiser = new Optimiser(ADAM, same, Set.of(Block.values()), true, workspace);
          for (int step = 0; step < 6; step++) {
            int[] order = orders[step / 3];
            int[] batch = Arrays.copyOfRange(order, step % 3 * 3, Math.min(7, step % 3 * 3 + 3));
            Matrix inputs = workspace.upload(columns(backend.download(x), batch));
            Matrix values = workspace.upload(columns(backend.download(targets), batch));
            double expected =
                optimiser.step(gradient(fused, same, inputs, values, workspace), 1, 0.01, step);
            assertEquals(expected, training.step(), "step " + step);
          }
          weights
              .blocks()
              .forEach(
                  (b, m) ->
                      assertEquals(
                          0, backend.download(m).distance(backend.download(same.block(b)))));
        });
  }

  private static DenseMatrix columns(DenseMatrix m, int[] which) {
    DenseMatrix result = DenseMatrix.zeros(m.rows(), which.length);
    for (int j = 0; j < which.length; j++) {
      for (int i = 0; i < m.rows(); i++) {
        result.set(i, j, m.get(i, which[j]));
      }
    }
    return result;
  }

  /** Softmax regression on top of the network, against central differences of the loss. */
  @ParameterizedTest
  @MethodSource("doublePrecisionBackends")
  void crossEntropysGradientAgreesWithCentralDifferences(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 9, 3, 1, 1, 1, 1, StandardActivation.GELU);
    GradientMethod method = new DiscreteAdjoint(new TimeGrid(Tableau.RK4, 3));
    on(
        which,
        model,
        new Parameters.Seeded(8),
        4,
        (weights, x, unused, workspace) -> {
          Backend backend = workspace.backend();
          DenseMatrix y = DenseMatrix.zeros(3, 4);
          for (int i = 0; i < 4; i++) {
            y.set(i % 3, i, 0.75);
            y.set((i + 1) % 3, i, 0.25);
          }
          Matrix targets = workspace.upload(y);
          Training training =
              Trainings.of(
                  new Training.Setup(
                      method,
                      Loss.CROSS_ENTROPY,
                      false,
                      Set.of(Block.values()),
                      new UpdateRule.Descent(),
                      0.1,
                      4),
                  weights,
                  x,
                  targets,
                  workspace);
          Weights gradient = zero(model, workspace);
          BatchGradient.of(method, Loss.CROSS_ENTROPY, weights, x, targets, report -> {}, workspace)
              .add(1, 0, gradient.blocks());
          double epsilon = 1e-5;
          for (Block block : Block.values()) {
            Matrix theta = weights.block(block);
            Matrix direction = workspace.allocate(theta.rows(), theta.columns());
            backend.gaussian(direction, 99, block.stream());
            double expected = backend.dot(direction, gradient.block(block));
            backend.addScaled(epsilon, direction, theta);
            double above = training.evaluate(x, targets).loss();
            backend.addScaled(-2 * epsilon, direction, theta);
            double below = training.evaluate(x, targets).loss();
            backend.addScaled(epsilon, direction, theta);
            assertEquals(
                expected,
                (above - below) / (2 * epsilon),
                1e-7 * Math.max(1, Math.abs(expected)),
                "" + block);
          }
          double loss = training.step();
          assertTrue(training.step() < loss);
        });
  }

  /** A state that overflows in training is training that diverges, and names the step. */
  @Test
  void methodsWithoutFusedPassesDivergeWithTheStep() {
    NeuralOde model = new NeuralOde(3, 8, 1, 0.2, 1, 1, 1, StandardActivation.QUADRATIC);
    on(
        new BackendCase("cpu-scalar", Precision.FP64, 1),
        model,
        new Parameters.Seeded(1),
        4,
        (weights, x, targets, workspace) -> {
          Training training =
              Trainings.of(
                  method("stored:rk4/5"),
                  new UpdateRule.Descent(),
                  10,
                  weights,
                  x,
                  targets,
                  workspace);
          TrainingDiverged failure =
              assertThrows(
                  TrainingDiverged.class,
                  () -> {
                    for (int step = 0; step < 20; step++) {
                      training.step();
                    }
                  });
          assertTrue(
              failure.getMessage().contains("by step " + training.steps()), failure.getMessage());
          assertTrue(training.steps() > 0);
        });
  }

  private static BatchGradient gradient(
      GradientMethod method, Weights weights, Matrix x, Matrix targets, Workspace workspace) {
    return BatchGradient.of(method, Loss.SQUARED, weights, x, targets, report -> {}, workspace);
  }

  private static Training descent(
      TimeGrid grid, double rate, Weights weights, Matrix x, Matrix targets, Workspace workspace) {
    return Trainings.of(
        new DiscreteAdjoint(grid), new UpdateRule.Descent(), rate, weights, x, targets, workspace);
  }
}
