package io.tangentflow.kernel.empirical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.SegmentedAdjoint;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.TimeCompression.Compressed;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.spectrum.Spectrum;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class StreamedCompressionTest {

  private static final long AMPLE = 1L << 28;
  private static final int SAMPLES = 3;

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /**
   * The coefficients are the same sums in another order, and what they leave the same differences,
   * so both agree with those of the full features to the rounding of sums of Q terms, doubled by
   * the way through the segments. The bound is one of gradients formed from the full features.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void coefficientsAndBoundAreThoseOfTheFullFeatures(BackendCase which) {
    List<Activation> activations =
        List.of(StandardActivation.SOFTPLUS, StandardActivation.TANH, StandardActivation.RELU);
    List<TimeGrid> grids =
        List.of(
            new TimeGrid(Tableau.EULER, 13),
            new TimeGrid(Tableau.EULER, 400),
            new TimeGrid(Tableau.RK4, 10),
            new TimeGrid(Tableau.DORMAND_PRINCE, 5));
    try (Backend backend = which.open()) {
      for (Activation activation : activations) {
        for (TimeGrid grid : grids) {
          for (int outputs : new int[] {1, 3}) {
            NeuralOde model = new NeuralOde(5, 21, outputs, 0.8, 1.2, 0.9, 1.1, activation);
            for (int nodes : new int[] {2, 5, 9}) {
              compare(model, grid, nodes, backend);
            }
          }
        }
      }
    }
  }

  private static void compare(NeuralOde model, TimeGrid grid, int nodes, Backend backend) {
    TimeCompression compression = new TimeCompression(model, grid, new TimeNodes(nodes, 0));
    try (Workspace workspace = backend.workspace("a test", AMPLE)) {
      Weights weights = Weights.place(model, new Parameters.Seeded(3), workspace);
      Matrix x = weights.upload(Networks.inputs(model, SAMPLES), workspace);
      TangentFeatures full = new DiscreteAdjoint(grid).features(weights, x, workspace);
      Compressed expected = compression.compress(full, workspace);
      Compressed actual = streamed(compression, weights, x, grid, workspace);
      double u = 2 * grid.evaluations() * backend.precision().unitRoundoff();
      // A_q has the solver's weight, near 1/Q, in it; coefficients have its root.
      double ofA = Math.sqrt(backend.dot(full.adjoints(), full.adjoints()) * full.pairs());
      double ofPhi = Math.sqrt(backend.dot(full.activations(), full.activations()) / full.pairs());
      String what = model.activation().label() + ", " + grid + ", " + nodes;
      assertNear(
          expected.features().adjoints(), actual.features().adjoints(), u * ofA, what, backend);
      assertNear(
          expected.features().activations(),
          actual.features().activations(),
          u * ofPhi,
          what,
          backend);
      assertEquals(expected.truncation(), actual.truncation(), u * ofA * ofPhi, what);
      for (Compressed each : List.of(expected, actual)) {
        double miss = gradientDistance(full, each.features(), backend);
        assertTrue(miss > 0, what);
        assertTrue(miss <= each.error(), what + ": " + miss + " of " + each);
      }
    }
  }

  private static Compressed streamed(
      TimeCompression compression, Weights weights, Matrix x, TimeGrid grid, Workspace workspace) {
    int outputs = weights.model().outputs();
    StreamedCompression stream = compression.streamed(x, workspace);
    Matrix each = workspace.upload(GradientMethod.eachOutput(outputs, x.columns()));
    new SegmentedAdjoint(grid, outputs).pull(weights, x, each, stream, workspace);
    return stream.compressed();
  }

  private static void assertNear(
      Matrix expected, Matrix actual, double bound, String what, Backend backend) {
    double distance = backend.download(expected).distance(backend.download(actual));
    assertTrue(distance <= bound, what + ": " + distance + " of " + bound);
  }

  /** √Σ_io ‖δ ∂f_o(x_i)/∂W‖², of gradients formed in FP64 from features as stored. */
  private static double gradientDistance(TangentFeatures a, TangentFeatures b, Backend backend) {
    double[] ofA = gradients(a, backend);
    double[] ofB = gradients(b, backend);
    double sum = 0;
    for (int e = 0; e < ofA.length; e++) {
      sum += Math.pow(ofA[e] - ofB[e], 2);
    }
    return Math.sqrt(sum);
  }

  /** Σ_q A_ioq Φ_iqᵀ of each sample and output, one after the other. */
  private static double[] gradients(TangentFeatures features, Backend backend) {
    DenseMatrix a = backend.download(features.adjoints());
    DenseMatrix phi = backend.download(features.activations());
    int n = a.rows();
    int outputs = features.model().outputs();
    int columns = features.samples() * outputs;
    double[] g = new double[columns * n * n];
    for (int c = 0; c < a.columns(); c++) {
      int of = c / columns * features.samples() + c % columns / outputs;
      for (int column = 0; column < n; column++) {
        for (int row = 0; row < n; row++) {
          g[(c % columns * n + column) * n + row] += a.get(row, c) * phi.get(column, of);
        }
      }
    }
    return g;
  }

  /**
   * Of the sixteen polynomials that may be needed, those that are not are left out with a bound.
   */
  @Test
  void automaticNodesAreAsManyAsOfTheFullFeatures() {
    for (BackendCase which : backends()) {
      if (which.precision() != Precision.FP64) {
        continue;
      }
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", AMPLE)) {
        NeuralOde model = new NeuralOde(5, 64, StandardActivation.SOFTPLUS);
        TimeGrid grid = new TimeGrid(Tableau.EULER, 40);
        TimeCompression compression = new TimeCompression(model, grid, TimeNodes.AUTO);
        Weights weights = Weights.place(model, new Parameters.Seeded(3), workspace);
        Matrix x = weights.upload(Networks.inputs(model, 9), workspace);
        TangentFeatures full = new DiscreteAdjoint(grid).features(weights, x, workspace);
        Compressed expected = compression.compress(full, workspace);
        Compressed actual = streamed(compression, weights, x, grid, workspace);
        assertEquals(expected.features().pairs(), actual.features().pairs());
        assertTrue(actual.features().pairs() <= 6);
        // Far above rounding, so to all but its last digits the same.
        assertEquals(expected.truncation(), actual.truncation(), 1e-6 * expected.truncation());
        assertTrue(gradientDistance(full, actual.features(), backend) <= actual.error());
        NeuralOde relu = new NeuralOde(5, 64, StandardActivation.RELU);
        TimeCompression rough = new TimeCompression(relu, grid, TimeNodes.AUTO);
        Weights ofRelu = Weights.place(relu, new Parameters.Seeded(3), workspace);
        assertThrows(InvalidConfiguration.class, () -> streamed(rough, ofRelu, x, grid, workspace));
      }
    }
  }

  /**
   * Within its plan, and in a fraction of what the full features take: with Q = 80 in segments of
   * six, 13 states and 14 values at stages beside three sets of four nodes.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void fullFeaturesAreNeverThere(BackendCase which) {
    try (Backend backend = which.open()) {
      for (int outputs : new int[] {1, 3}) {
        NeuralOde model = new NeuralOde(5, 48, outputs, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
        TimeGrid grid = new TimeGrid(Tableau.EULER, 80);
        int samples = 8;
        DenseMatrix x = Networks.inputs(model, samples);
        GramPlan ample = plan(4, model, grid, samples, backend, AMPLE);
        assertFalse(ample.streamed());
        GramPlan tight = plan(4, model, grid, samples, backend, ample.bytes() * 2 / 5);
        assertTrue(tight.streamed());
        assertEquals(samples, tight.blockSize());
        assertTrue(tight.toString().contains("made while solving"), tight.toString());
        assertFalse(ample.toString().contains("made while solving"), ample.toString());
        EmpiricalNtk.Result whole = gram(ample, model, grid, x, backend);
        EmpiricalNtk.Result streamed = gram(tight, model, grid, x, backend);
        long full =
            (1L + outputs) * samples * grid.evaluations() * 48 * backend.precision().bytes();
        assertTrue(streamed.peakBytes() <= tight.deviceBytes());
        assertTrue(tight.deviceBytes() <= 1.05 * streamed.peakBytes());
        assertTrue(streamed.peakBytes() < 0.5 * full, streamed.peakBytes() + " of " + full);
        assertTrue(whole.peakBytes() > full);
        double u = 4 * grid.evaluations() * backend.precision().unitRoundoff();
        double norm = whole.gram().norm();
        assertTrue(whole.gram().distance(streamed.gram()) <= u * norm);
        assertEquals(0, whole.outputs().distance(streamed.outputs()));
      }
    }
  }

  /** Where not even one block of segments fits, blocks of them, within the bound of all pairs. */
  @ParameterizedTest
  @MethodSource("backends")
  void blocksOfSamplesAreStreamedToo(BackendCase which) {
    try (Backend backend = which.open()) {
      NeuralOde model = new NeuralOde(5, 48, 2, 1, 1, 1, 1, StandardActivation.TANH);
      TimeGrid grid = new TimeGrid(Tableau.RK4, 20);
      int samples = 8;
      DenseMatrix x = Networks.inputs(model, samples);
      long ample = plan(4, model, grid, samples, backend, AMPLE).bytes();
      GramPlan one = plan(4, model, grid, samples, backend, ample - 1);
      GramPlan blocks = plan(4, model, grid, samples, backend, one.bytes() - 1);
      assertTrue(blocks.streamed());
      assertTrue(blocks.blockSize() < samples);
      EmpiricalNtk.Result result = gram(blocks, model, grid, x, backend);
      assertTrue(result.peakBytes() <= blocks.deviceBytes());
      GramPlan all =
          GramPlan.of(
              GramStrategy.STRUCTURED,
              model,
              grid,
              samples,
              backend.precision(),
              MemoryBudget.shared(AMPLE));
      DenseMatrix exact = gram(all, model, grid, x, backend).gram();
      double bound =
          result.compression().orElseThrow().gramError(Spectrum.greatest(result.gram()).value());
      double u = 4 * grid.evaluations() * backend.precision().unitRoundoff();
      assertTrue(bound < 1e-2 * exact.norm(), bound + " of " + exact.norm());
      assertTrue(exact.distance(result.gram()) <= bound + u * exact.norm());
    }
  }

  /** Steps whose trajectory no memory would hold; the least that is said to be needed is enough. */
  @Test
  void whatIsRefusedAsTooLittleIsTheLeast() {
    NeuralOde model = new NeuralOde(5, 48, StandardActivation.SOFTPLUS);
    TimeGrid grid = new TimeGrid(Tableau.EULER, 1000);
    long least = 1;
    OutOfMemory refusal = null;
    for (long budget = 1 << 10; ; budget += budget / 8) {
      try {
        GramPlan plan =
            GramPlan.compressed(
                new TimeNodes(4, 0), model, grid, 3, Precision.FP32, MemoryBudget.shared(budget));
        assertTrue(plan.streamed());
        assertEquals(1, plan.blockSize());
        assertTrue(plan.bytes() <= budget);
        break;
      } catch (OutOfMemory e) {
        refusal = e;
        least = budget;
      }
    }
    assertTrue(least > model.width() * 4L * (model.width() + 2 * 4));
    assertTrue(refusal.getMessage().contains("3 samples at width 48"), refusal.getMessage());
  }

  private static GramPlan plan(
      int nodes, NeuralOde model, TimeGrid grid, int samples, Backend backend, long budget) {
    return GramPlan.compressed(
        new TimeNodes(nodes, 0),
        model,
        grid,
        samples,
        backend.precision(),
        MemoryBudget.shared(budget));
  }

  private static EmpiricalNtk.Result gram(
      GramPlan plan, NeuralOde model, TimeGrid grid, DenseMatrix x, Backend backend) {
    return new EmpiricalNtk(model, grid, plan)
        .gram(new Parameters.Seeded(3), x, backend, fraction -> {});
  }
}
