package io.tangentflow.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Workspace;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Normalisation;
import io.tangentflow.data.Npy;
import io.tangentflow.gradient.ContinuousAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.LimitValue;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Dynamics;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.VectorField;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.Networks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/extending.md, which stands here between marks, does what the page says. */
class ExtendingTest {

  private static final Path PAGE = Path.of("docs", "extending.md");

  // docs/extending.md
  /** x + sin²x (Ziyin, Hartwig and Ueda 2020). */
  record Snake() implements Activation {

    @Override
    public String label() {
      return "snake";
    }

    @Override
    public double value(double x) {
      return x + Math.sin(x) * Math.sin(x);
    }

    @Override
    public double derivative(double x) {
      return 1 + Math.sin(2 * x);
    }

    @Override
    public OptionalDouble lipschitz() {
      return OptionalDouble.of(2);
    }

    @Override
    public OptionalDouble derivativeLipschitz() {
      return OptionalDouble.of(2);
    }

    @Override
    public boolean polynomial() {
      return false;
    }
  }

  // end

  /** With no flow NNGP is E[φ(u)²], u of variance a, which for this φ has a closed form. */
  @Test
  void theLimitOfAnOwnActivationIsThatOfItsMoments() {
    NeuralOde still = new NeuralOde(2, 1, 1, 1, 1, 0, 1, new Snake());
    for (double a : new double[] {0.3, 1, 2.5}) {
      double moment = a + 3.0 / 8 - Math.exp(-2 * a) / 2 + Math.exp(-8 * a) / 8;
      assertEquals(moment, new ContinuumLimit(still).pair(a, a, a).nngp(), 1e-12 * moment);
    }
    LimitValue moving = new ContinuumLimit(new NeuralOde(2, 1, new Snake())).pair(1.5, 0.7, 0.4);
    assertTrue(moving.ntkError() < 1e-10 * moving.ntk(), moving + "");
  }

  @Test
  void theDerivativeOfAnOwnActivationAndItsBoundsBelongToIt() {
    Snake phi = new Snake();
    double h = 0x1p-17;
    double steepest = 0;
    double sharpest = 0;
    for (double x = -4; x < 4; x += 0x1p-8) {
      double difference = (phi.value(x + h) - phi.value(x - h)) / (2 * h);
      assertEquals(difference, phi.derivative(x), 1e-9);
      steepest = Math.max(steepest, Math.abs(phi.derivative(x)));
      sharpest =
          Math.max(sharpest, Math.abs((phi.derivative(x + h) - phi.derivative(x - h)) / (2 * h)));
    }
    assertEquals(phi.lipschitz().getAsDouble(), steepest, 1e-4);
    assertEquals(phi.derivativeLipschitz().getAsDouble(), sharpest, 1e-4);
  }

  // docs/extending.md
  /** dh/dt = g(t) (σw/√n) W φ(h): the flow of the paper at a speed g of its own. */
  record Paced(DoubleUnaryOperator speed) implements Dynamics {

    @Override
    public String label() {
      return "paced";
    }

    @Override
    public VectorField on(Weights weights, int samples, int columns, Workspace workspace) {
      NeuralOde model = weights.model();
      Backend backend = workspace.backend();
      Matrix spare = workspace.allocate(model.width(), columns);
      return new VectorField() {
        @Override
        public void evaluate(
            double t, Matrix h, List<Term> increments, Matrix k, Matrix pair, Matrix slope) {
          backend.stage(model.activation(), h, increments, pair, slope); // Φ = φ(Y), φ'(Y)
          weights.flow().multiply(scale(t), pair, 0, k); // k = c(t) W Φ
        }

        @Override
        public void pullback(double t, Matrix slope, Matrix mu, Matrix nu) {
          weights.flow().multiplyTransposed(scale(t), mu, nu); // nu = c(t) Wᵀ μ, and M = μ
          backend.adjointStage(slope, nu, 0, mu, List.of(), spare); // nu = φ'(Y) ∘ nu
        }

        @Override
        public double scale(double t) {
          return model.flowScale() * speed.applyAsDouble(t);
        }
      };
    }
  }

  // end

  // docs/extending.md
  static DenseMatrix tangentKernel(
      Dynamics dynamics, NeuralOde model, DenseMatrix inputs, Backend backend) {
    TimeGrid steps = new TimeGrid(Tableau.RK4, 40);
    GradientMethod method = GradientMethods.discrete(dynamics, steps); // or ContinuousAdjoint
    MemoryBudget budget = MemoryBudget.of(backend, 1L << 28);
    GramPlan plan = GramPlan.inOneBlock(GramStrategy.STRUCTURED, model, inputs.columns(), budget);
    return new EmpiricalNtk(model, method, plan)
        .gram(new Parameters.Seeded(3), inputs, backend, fraction -> {})
        .gram();
  }

  // end

  /**
   * A change of speed is one of time: with ∫₀¹ g dt = 1 the network is that of the paper, and so is
   * its kernel, up to RK4's error at a step of 1/40.
   */
  @Test
  void theKernelOfOwnDynamicsIsThatOfTheSameFlowAtAnotherSpeed() {
    NeuralOde model = new NeuralOde(4, 33, 2, 1, 1.1, 0.9, 1.2, StandardActivation.TANH);
    DenseMatrix inputs = Networks.inputs(model, 3);
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1))) {
      DenseMatrix plain = tangentKernel(StandardDynamics.PRE_ACTIVATION, model, inputs, backend);
      DenseMatrix paced = tangentKernel(new Paced(t -> 2 * t), model, inputs, backend);
      assertEquals(0, paced.distance(plain) / plain.norm(), 1e-6);
      DenseMatrix slower = tangentKernel(new Paced(t -> t), model, inputs, backend);
      assertTrue(slower.distance(plain) > 0.01 * plain.norm(), "the speed is of account");
      Paced twice = new Paced(t -> 2 * t);
      TimeGrid steps = new TimeGrid(Tableau.RK4, 40);
      GradientMethod stored = ContinuousAdjoint.stored(twice, steps, steps);
      GramPlan plan =
          GramPlan.inOneBlock(
              GramStrategy.STRUCTURED, model, 3, MemoryBudget.of(backend, 1L << 28));
      DenseMatrix continuous =
          new EmpiricalNtk(model, stored, plan)
              .gram(new Parameters.Seeded(3), inputs, backend, fraction -> {})
              .gram();
      assertEquals(0, continuous.distance(paced) / paced.norm(), 1e-6);
    }
  }

  // docs/extending.md
  /** Points on two moons, and the moon that each is on. */
  static Dataset moons(int samples) {
    DenseMatrix inputs = DenseMatrix.zeros(2, samples);
    DenseMatrix targets = DenseMatrix.zeros(1, samples);
    for (int i = 0; i < samples; i++) {
      double angle = Math.PI * (i + 0.5) / samples;
      boolean upper = i % 2 == 0;
      inputs.set(0, i, upper ? Math.cos(angle) : 1 - Math.cos(angle));
      inputs.set(1, i, upper ? Math.sin(angle) : 0.5 - Math.sin(angle));
      targets.set(0, i, upper ? 1 : -1);
    }
    return new Dataset("moons", inputs, Optional.of(targets), Optional.empty(), List.of());
  }

  // end

  @Test
  void ownDataAreSplitScaledAndReadAgain(@TempDir Path directory) {
    Dataset moons = moons(40);
    Dataset.Split split = moons.normalised(Normalisation.SPHERE).split(0.75, 1);
    assertEquals(30, split.train().samples());
    assertEquals(10, split.test().samples());
    for (int i = 0; i < 10; i++) {
      double x = split.test().inputs().get(0, i);
      double y = split.test().inputs().get(1, i);
      assertEquals(2, x * x + y * y, 1e-12, "‖x‖² = d");
      assertEquals(1, Math.abs(split.test().targets().orElseThrow().get(0, i)));
    }
    Path file = directory.resolve("moons.npy");
    Npy.write(file, moons.inputs().transpose(), ElementType.FP64);
    Dataset read = DataSource.parse("npy:" + file).load(40, 0);
    List<String> expected = columns(moons.inputs());
    List<String> actual = columns(read.inputs());
    assertEquals(expected.stream().sorted().toList(), actual.stream().sorted().toList());
    moons.inputs().set(1, 7, Double.NaN);
    DataFormat refusal = assertThrows(DataFormat.class, () -> again(moons));
    assertTrue(refusal.getMessage().contains("sample 7: feature 1 is NaN"), refusal.getMessage());
  }

  private static Dataset again(Dataset dataset) {
    return new Dataset(
        dataset.name(), dataset.inputs(), dataset.targets(), dataset.classes(), List.of());
  }

  private static List<String> columns(DenseMatrix matrix) {
    List<String> columns = new ArrayList<>();
    for (int j = 0; j < matrix.columns(); j++) {
      columns.add(matrix.get(0, j) + " " + matrix.get(1, j));
    }
    return columns;
  }

  /** In the order of the page. */
  @Test
  void thePageHasTheCodeThatRunsHere() throws IOException {
    List<String> marked = new ArrayList<>(PageCode.marked("ExtendingTest", PAGE));
    marked.addAll(PageCode.marked("OwnProducts", PAGE));
    assertEquals(5, marked.size());
    assertEquals(marked, PageCode.shown(PAGE));
  }
}
