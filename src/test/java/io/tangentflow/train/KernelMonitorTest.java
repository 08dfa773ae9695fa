package io.tangentflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.gradient.ParameterGradients;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class KernelMonitorTest {

  private static final long AMPLE = 1L << 28;
  private static final List<String> METHODS =
      List.of("discrete:euler/7", "stored:rk4/4", "discrete:dormand-prince/1e-4");

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  private static NeuralOde model(int width, int outputs) {
    return new NeuralOde(4, width, outputs, 1.1, 1.2, 0.9, 1.1, StandardActivation.SOFTPLUS);
  }

  private static GradientMethod method(String name, Precision precision) {
    return GradientMethods.named(
        "--gradient", name, StandardDynamics.PRE_ACTIVATION, precision, false);
  }

  private static KernelMonitor monitor(
      NeuralOde model,
      GradientMethod method,
      Set<Block> blocks,
      DenseMatrix x,
      boolean mean,
      Backend backend) {
    return new KernelMonitor(
        model, method, blocks, x, mean, backend.precision(), MemoryBudget.of(backend, AMPLE));
  }

  /** Every set of blocks but the empty one. */
  private static List<Set<Block>> subsets() {
    List<Set<Block>> subsets = new ArrayList<>();
    for (Block block : Block.values()) {
      for (Set<Block> smaller : List.copyOf(subsets)) {
        Set<Block> larger = EnumSet.copyOf(smaller);
        larger.add(block);
        subsets.add(larger);
      }
      subsets.add(EnumSet.of(block));
    }
    return subsets;
  }

  /** Weights that some steps have moved, which no seed makes. */
  private static Weights trained(
      NeuralOde model, GradientMethod method, DenseMatrix inputs, Workspace workspace) {
    Weights weights = Weights.place(model, new Parameters.Seeded(6), workspace);
    Matrix x = weights.upload(inputs, workspace);
    Matrix y = workspace.upload(Parameters.gaussian(model.outputs(), inputs.columns(), 5, 7));
    Training training =
        Trainings.of(method, new UpdateRule.Descent(), 0.05, weights, x, y, workspace);
    for (int step = 0; step < 3; step++) {
      training.step();
    }
    return weights;
  }

  /** Each gradient as one matrix, and their inner products on the host: the kernel's definition. */
  @ParameterizedTest
  @MethodSource("backends")
  void theKernelOfEachSetOfBlocksIsThatOfGradientsFormedOneByOne(BackendCase which) {
    NeuralOde model = model(13, 2);
    DenseMatrix x = Networks.inputs(model, 4);
    for (String name : METHODS) {
      GradientMethod method = method(name, which.precision());
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", AMPLE)) {
        Weights weights = trained(model, method, x, workspace);
        List<ParameterGradients> gradients = gradients(method, weights, x, workspace);
        for (Set<Block> blocks : subsets()) {
          DenseMatrix expected = products(gradients, blocks);
          assertTrue(expected.norm() > 0.01, "the reference is not zero");
          DenseMatrix all =
              monitor(model, method, blocks, x, false, backend).kernel(weights, workspace).gram();
          assertClose(expected, all, which, name + " " + blocks);
          DenseMatrix mean =
              monitor(model, method, blocks, x, true, backend).kernel(weights, workspace).gram();
          assertClose(meanOverOutputs(expected, 2), mean, which, name + " mean of " + blocks);
        }
      }
    }
  }

  private static void assertClose(
      DenseMatrix expected, DenseMatrix actual, BackendCase which, String what) {
    double distance = expected.distance(actual) / expected.norm();
    assertTrue(distance <= which.tolerance(), what + ": " + distance);
  }

  private static List<ParameterGradients> gradients(
      GradientMethod method, Weights weights, DenseMatrix inputs, Workspace workspace) {
    List<ParameterGradients> gradients = new ArrayList<>();
    try (Workspace scratch = workspace.scope()) {
      TangentFeatures features =
          method.features(weights, weights.upload(inputs, scratch), scratch, report -> {});
      for (int i = 0; i < inputs.columns(); i++) {
        for (int o = 0; o < weights.model().outputs(); o++) {
          gradients.add(ParameterGradients.of(features, i, o, scratch));
        }
      }
    }
    return gradients;
  }

  private static DenseMatrix products(List<ParameterGradients> gradients, Set<Block> blocks) {
    DenseMatrix gram = DenseMatrix.zeros(gradients.size(), gradients.size());
    for (int a = 0; a < gram.rows(); a++) {
      for (int b = 0; b < gram.rows(); b++) {
        double sum = 0;
        for (Block block : blocks) {
          double[] one = of(gradients.get(a), block).values();
          double[] two = of(gradients.get(b), block).values();
          for (int k = 0; k < one.length; k++) {
            sum += one[k] * two[k];
          }
        }
        gram.set(a, b, sum);
      }
    }
    return gram;
  }

  private static DenseMatrix of(ParameterGradients gradients, Block block) {
    return switch (block) {
      case U -> gradients.u();
      case W -> gradients.w();
      case V -> gradients.v();
    };
  }

  private static DenseMatrix meanOverOutputs(DenseMatrix gram, int outputs) {
    int samples = gram.rows() / outputs;
    DenseMatrix mean = DenseMatrix.zeros(samples, samples);
    for (int i = 0; i < samples; i++) {
      for (int j = 0; j < samples; j++) {
        for (int o = 0; o < outputs; o++) {
          double entry = gram.get(i * outputs + o, j * outputs + o) / outputs;
          mean.set(i, j, mean.get(i, j) + entry);
        }
      }
    }
    return mean;
  }

  /** The weights where they are, and the same downloaded and placed again: to the last bit. */
  @ParameterizedTest
  @MethodSource("backends")
  void theKernelIsThatOfTheSameWeightsGivenAndItsMeanTheTraceOverOutputs(BackendCase which) {
    NeuralOde model = model(17, 3);
    DenseMatrix x = Networks.inputs(model, 5);
    GradientMethod method = method("discrete:rk4/3", which.precision());
    Set<Block> all = EnumSet.allOf(Block.class);
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", AMPLE)) {
      Weights weights = trained(model, method, x, workspace);
      Parameters.Given given =
          new Parameters.Given(
              backend.download(weights.u()),
              backend.download(weights.w()),
              backend.download(weights.v()));
      KernelMonitor monitor = monitor(model, method, all, x, false, backend);
      EmpiricalNtk.Result expected =
          new EmpiricalNtk(model, method, monitor.plan()).gram(given, x, backend, done -> {});
      DenseMatrix gram = monitor.kernel(weights, workspace).gram();
      assertEquals(0, expected.gram().distance(gram));
      DenseMatrix mean =
          monitor(model, method, all, x, true, backend).kernel(weights, workspace).gram();
      assertClose(expected.traceOverOutputs(), mean, which, "mean");
    }
  }

  /** LAPACK against cyclic Jacobi rotations, both backward stable. */
  @Test
  void readingsAreTheEigenvaluesThatRotationsFind() {
    for (int samples : new int[] {1, 2, 9}) {
      NeuralOde model = model(30, 1);
      DenseMatrix x = Networks.inputs(model, samples);
      GradientMethod method = method("discrete:euler/7", Precision.FP64);
      try (Backend backend = Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1));
          Workspace workspace = backend.workspace("a test", AMPLE)) {
        Weights start = Weights.place(model, new Parameters.Seeded(6), workspace);
        KernelMonitor monitor =
            monitor(model, method, EnumSet.allOf(Block.class), x, false, backend);
        KernelMonitor.Kernel first = monitor.kernel(start, workspace);
        KernelMonitor.Kernel later =
            monitor.kernel(trained(model, method, x, workspace), workspace);
        KernelMonitor.Reading reading =
            KernelMonitor.read(later, Optional.of(first.gram()), Precision.FP64);
        double[] expected = jacobi(later.gram());
        double tolerance = 1e-14 * samples * later.gram().norm();
        assertEquals(expected[0], reading.least(), tolerance);
        assertEquals(expected[samples - 1], reading.greatest(), tolerance);
        assertTrue(reading.least() > reading.doubt(), reading.toString());
        assertEquals(
            later.gram().distance(first.gram()) / first.gram().norm(), reading.change(), 1e-14);
        assertTrue(reading.change() > 1e-3, reading.toString());
        assertEquals(0, KernelMonitor.read(first, Optional.empty(), Precision.FP64).change());
      }
    }
  }

  private static double[] jacobi(DenseMatrix symmetric) {
    int n = symmetric.rows();
    double[][] a = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        a[i][j] = symmetric.get(i, j);
      }
    }
    for (int sweep = 0; sweep < 30; sweep++) {
      for (int p = 0; p < n; p++) {
        for (int q = p + 1; q < n; q++) {
          if (a[p][q] != 0) {
            double angle = 0.5 * Math.atan2(2 * a[p][q], a[p][p] - a[q][q]);
            rotate(a, p, q, Math.cos(angle), Math.sin(angle));
          }
        }
      }
    }
    double[] values = new double[n];
    Arrays.setAll(values, i -> a[i][i]);
    Arrays.sort(values);
    return values;
  }

  private static void rotate(double[][] a, int p, int q, double c, double s) {
    for (int k = 0; k < a.length; k++) {
      double left = a[k][p];
      double right = a[k][q];
      a[k][p] = c * left + s * right;
      a[k][q] = c * right - s * left;
    }
    for (int k = 0; k < a.length; k++) {
      double upper = a[p][k];
      double lower = a[q][k];
      a[p][k] = c * upper + s * lower;
      a[q][k] = c * lower - s * upper;
    }
  }

  /**
   * The FP32 kernel against the FP64 one of the same weights. A doubt that is right covers the
   * difference; one that is no use is far larger.
   */
  @ParameterizedTest
  @MethodSource("singleBackends")
  void theDoubtOfSinglePrecisionCoversWhatItDoesToEigenvalues(BackendCase which) {
    for (StandardActivation phi :
        List.of(
            StandardActivation.SOFTPLUS,
            StandardActivation.TANH,
            StandardActivation.GELU,
            StandardActivation.RELU)) {
      for (int width : new int[] {16, 256}) {
        for (int samples : new int[] {1, 10, 40}) {
          NeuralOde model = new NeuralOde(20, width, 1, 1, 1, 1, 1, phi);
          DenseMatrix x = Networks.inputs(model, samples);
          DiscreteAdjoint method = new DiscreteAdjoint(new TimeGrid(Tableau.EULER, 20));
          try (Backend single = which.open();
              Backend reference =
                  Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1));
              Workspace workspace = single.workspace("a test", AMPLE);
              Workspace exact = reference.workspace("a test", AMPLE)) {
            Weights weights = Weights.place(model, new Parameters.Seeded(6), workspace);
            Weights same =
                Weights.place(
                    model,
                    new Parameters.Given(
                        single.download(weights.u()),
                        single.download(weights.w()),
                        single.download(weights.v())),
                    exact);
            Matrix rounded = weights.upload(x, workspace);
            KernelMonitor.Reading seen = reading(model, method, x, weights, workspace);
            KernelMonitor.Reading truth =
                reading(model, method, single.download(rounded), same, exact);
            String what = phi + ", width " + width + ", " + samples + " samples: " + seen;
            assertEquals(truth.least(), seen.least(), seen.doubt(), what);
            assertEquals(truth.greatest(), seen.greatest(), seen.doubt(), what);
            assertTrue(seen.doubt() < 1e-5 * seen.greatest(), what);
          }
        }
      }
    }
  }

  static List<BackendCase> singleBackends() {
    return backends().stream().filter(c -> c.precision() == Precision.FP32).toList();
  }

  private static KernelMonitor.Reading reading(
      NeuralOde model, GradientMethod method, DenseMatrix x, Weights weights, Workspace workspace) {
    Backend backend = workspace.backend();
    KernelMonitor monitor = monitor(model, method, EnumSet.allOf(Block.class), x, false, backend);
    return KernelMonitor.read(
        monitor.kernel(weights, workspace), Optional.empty(), backend.precision());
  }

  /**
   * More samples than parameters, or one sample many times: the least eigenvalue is 0, and what is
   * seen of it is within the doubt.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void aSingularKernelIsNotToldFromZero(BackendCase which) {
    GradientMethod method = method("discrete:euler/7", which.precision());
    NeuralOde few = new NeuralOde(1, 2, 1, 1, 1, 1, 1, StandardActivation.TANH);
    NeuralOde plain = model(30, 1);
    DenseMatrix one = Networks.inputs(plain, 1);
    DenseMatrix copies = DenseMatrix.zeros(4, 6);
    for (int k = 0; k < copies.values().length; k++) {
      copies.values()[k] = one.values()[k % 4];
    }
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", AMPLE)) {
      Weights narrow = Weights.place(few, new Parameters.Seeded(6), workspace);
      KernelMonitor.Reading more =
          reading(few, method, Networks.inputs(few, 12), narrow, workspace);
      assertEquals(0, more.least(), more.doubt());
      Weights weights = Weights.place(plain, new Parameters.Seeded(6), workspace);
      KernelMonitor.Reading alike = reading(plain, method, copies, weights, workspace);
      assertEquals(0, alike.least(), alike.doubt());
      KernelMonitor.Reading single = reading(plain, method, one, weights, workspace);
      assertEquals(single.least(), single.greatest());
      assertEquals(6 * single.greatest(), alike.greatest(), 6 * single.doubt() + alike.doubt());
    }
  }

  /** In FP64 nothing is left out that it would not round away; in FP32 it is in the doubt. */
  @ParameterizedTest
  @MethodSource("backends")
  void fewerNodesInTimeAreForSinglePrecisionAndInItsDoubt(BackendCase which) {
    NeuralOde model = model(256, 1);
    GradientMethod method = method("discrete:euler/60", which.precision());
    DenseMatrix x = Networks.inputs(model, 20);
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", AMPLE)) {
      Weights weights = Weights.place(model, new Parameters.Seeded(6), workspace);
      KernelMonitor monitor = monitor(model, method, EnumSet.allOf(Block.class), x, false, backend);
      KernelMonitor.Kernel kernel = monitor.kernel(weights, workspace);
      boolean single = which.precision().single();
      assertEquals(!single, monitor.plan().nodes().all());
      assertEquals(single, kernel.truncation() > 0);
      double norm = kernel.gram().norm();
      assertTrue(kernel.truncation() < 1e-6 * norm, "" + kernel.truncation() / norm);
      KernelMonitor.Reading reading =
          KernelMonitor.read(kernel, Optional.empty(), which.precision());
      assertTrue(reading.doubt() >= kernel.truncation() + which.precision().unitRoundoff() * norm);
    }
  }

  /** Of kinks no few nodes are enough: all pairs are kept, and the kernel is the exact one. */
  @ParameterizedTest
  @MethodSource("singleBackends")
  void gradientsThatAreNotSmoothInTimeKeepAllTheirPairs(BackendCase which) {
    NeuralOde model = new NeuralOde(20, 256, 1, 1, 1, 1, 1, StandardActivation.RELU);
    TimeGrid grid = new TimeGrid(Tableau.EULER, 20);
    DenseMatrix x = Networks.inputs(model, 10);
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", AMPLE)) {
      Weights weights = Weights.place(model, new Parameters.Seeded(6), workspace);
      KernelMonitor monitor =
          monitor(model, new DiscreteAdjoint(grid), EnumSet.allOf(Block.class), x, false, backend);
      assertFalse(monitor.plan().nodes().all(), "the plan tries fewer");
      KernelMonitor.Kernel kernel = monitor.kernel(weights, workspace);
      assertEquals(0, kernel.truncation());
      GramPlan explicit =
          GramPlan.of(
              GramStrategy.EXPLICIT,
              model,
              grid,
              10,
              which.precision(),
              MemoryBudget.of(backend, AMPLE));
      DenseMatrix expected =
          new EmpiricalNtk(model, grid, explicit)
              .gram(new Parameters.Seeded(6), x, backend, done -> {})
              .gram();
      assertClose(expected, kernel.gram(), which, "all pairs");
    }
  }

  /** Nothing is trained that has a gradient: no quotient of zeros. */
  @Test
  void aKernelOfZeroHasNotChanged() {
    DenseMatrix zero = DenseMatrix.zeros(3, 3);
    KernelMonitor.Reading reading =
        KernelMonitor.read(new KernelMonitor.Kernel(zero, 0), Optional.of(zero), Precision.FP64);
    assertEquals(0, reading.change());
    assertEquals(0, reading.least());
  }
}
