package io.tangentflow.experiment.timing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.backend.check.PeakMemory;
import io.tangentflow.gradient.GradientSum;
import io.tangentflow.gradient.SteppedAdjoint;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is timed is what it is said to be. */
class TimedJobsTest {

  private static final long BUDGET = 64L << 20;
  private static final int SAMPLES = 5;
  private static final NeuralOde MODEL =
      new NeuralOde(7, 24, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
  private static final TimeGrid GRID = new TimeGrid(Tableau.named("rk4"), 3);

  /** Sums of a few hundred terms in FP64, in two orders. */
  private static final double ROUNDING = 1e-12;

  private final Backend backend =
      Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 2));

  @AfterEach
  void close() {
    backend.close();
  }

  /** Against passes that are not fused, by another class. */
  @Test
  void theGradientIsThatOfAnotherMethodHoweverOftenItIsRun() {
    try (GradientJob job = new GradientJob(MODEL, GRID, SAMPLES, 3, backend, BUDGET);
        Workspace workspace = backend.workspace("the other gradient", BUDGET)) {
      Weights weights = Weights.place(MODEL, new Parameters.Seeded(3), workspace);
      Matrix x = weights.upload(TimedJob.inputs(7, SAMPLES), workspace);
      Matrix r = workspace.upload(GradientSum.normalCotangents(2, SAMPLES, 3));
      GradientSum other = new GradientSum(MODEL, x, r, workspace);
      new SteppedAdjoint(StandardDynamics.PRE_ACTIVATION, GRID)
          .pull(weights, x, r, other, workspace);
      job.run();
      job.parts().get(TimedJob.FORWARD).run();
      job.run();
      job.requireFinite();
      for (Map.Entry<Block, Matrix> block : job.gradient().entrySet()) {
        DenseMatrix expected = backend.download(other.gradient().block(block.getKey()));
        double distance = backend.download(block.getValue()).distance(expected);
        assertTrue(expected.norm() > 0 && distance <= ROUNDING * expected.norm(), "" + distance);
      }
      assertEquals(
          GradientJob.bytes(MODEL, GRID, SAMPLES, Double.BYTES), job.peakBytes(), "its count");
    }
  }

  @Test
  void aGradientThatOverflowsIsNotTimed() {
    NeuralOde wild = new NeuralOde(7, 24, 1, 1, 1, 1e300, 1, StandardActivation.RELU);
    try (GradientJob job = new GradientJob(wild, GRID, SAMPLES, 3, backend, BUDGET)) {
      job.run();
      assertThrows(NonFiniteState.class, job::requireFinite);
    }
  }

  @Test
  void theTangentKernelIsThatOfTheSameInputs() {
    GramPlan plan =
        GramPlan.of(
            GramStrategy.STRUCTURED,
            MODEL,
            GRID,
            SAMPLES,
            Precision.FP64,
            MemoryBudget.shared(BUDGET));
    List<EmpiricalNtk.Result> results = new ArrayList<>();
    try (NtkJob job = new NtkJob(MODEL, GRID, plan, SAMPLES, 3, backend, results::add)) {
      job.run();
      job.parts().values().forEach(Runnable::run);
      job.run();
      assertEquals(results.get(1).peakBytes(), job.peakBytes());
      assertEquals(plan.flops(), job.flops().getAsDouble());
    }
    GramPlan explicit =
        GramPlan.of(
            GramStrategy.EXPLICIT,
            MODEL,
            GRID,
            SAMPLES,
            Precision.FP64,
            MemoryBudget.shared(BUDGET));
    DenseMatrix expected =
        new EmpiricalNtk(MODEL, GRID, explicit)
            .gram(new Parameters.Seeded(3), TimedJob.inputs(7, SAMPLES), backend, done -> {})
            .gram();
    for (EmpiricalNtk.Result result : results) {
      assertTrue(result.gram().distance(expected) <= ROUNDING * expected.norm());
    }
  }

  /** Entries of the matrix against limits of single pairs; a series has 12 digits. */
  @Test
  void theLimitIsThatOfItsInputs() {
    NeuralOde model = new NeuralOde(7, 1, StandardActivation.SOFTPLUS);
    ContinuumLimit limit = new ContinuumLimit(model);
    try (LimitJob job = new LimitJob(limit, 7, 40, backend, BUDGET, 2)) {
      job.run();
      DenseMatrix x = job.inputs();
      for (int[] pair : new int[][] {{0, 0}, {3, 39}, {20, 1}}) {
        double dot = 0;
        for (int k = 0; k < 7; k++) {
          dot += x.get(k, pair[0]) * x.get(k, pair[1]) / 7;
        }
        double expected = limit.pair(1, 1, dot).ntk();
        assertEquals(expected, job.gram().ntk().get(pair[0], pair[1]), 1e-10 * expected);
      }
      assertTrue(job.peakBytes() >= 8 * (7 * 40 + 40 * 40));
    }
  }

  @Test
  void theEnsembleCountsWhatItReads() {
    Ensemble ensemble = new Ensemble(MODEL, Ensemble.Method.RK4, 3, 0, 5);
    try (EnsembleJob job = new EnsembleJob(ensemble, 2, backend, BUDGET)) {
      job.run();
      assertEquals(5 * (24.0 * 24 + 24 * 7 + 2 * 24), job.weights());
      assertEquals(5 * (12 * 24.0 * 24 + 24 * 7 + 2 * 24), job.weightsRead());
      assertEquals(2 * 2 * job.weightsRead(), job.flops().getAsDouble());
      // The parameters of a network at least.
      assertTrue(job.peakBytes() >= 8 * (24 * 24 + 24 * 7 + 2 * 24));
    }
  }

  @Test
  void aPassGivesTheActivationAndItsDerivative() {
    Activation phi = StandardActivation.TANH;
    try (ActivationJob job =
        new ActivationJob(List.of(StandardActivation.RELU, phi), 1000, backend, BUDGET)) {
      job.run();
      double[] h = backend.download(job.input()).values();
      double[] value = backend.download(job.value()).values();
      double[] slope = backend.download(job.derivative()).values();
      for (int i = 0; i < h.length; i++) {
        assertEquals(phi.value(h[i]), value[i], 32 * Precision.FP64.unitRoundoff());
        assertEquals(phi.derivative(h[i]), slope[i], 32 * Precision.FP64.unitRoundoff());
      }
      assertEquals(3 * 8 * 1000.0, job.bytesOfPass());
      assertEquals(3 * 8 * 1000, job.peakBytes());
    }
  }

  @Test
  void aTrainingStepIsOfTheWholeBatch() {
    try (TrainingJob job = new TrainingJob(MODEL, GRID, SAMPLES, 3, backend, BUDGET)) {
      job.run();
      long peak = job.peakBytes();
      assertTrue(peak > GradientJob.bytes(MODEL, GRID, SAMPLES, 8) / 2, "" + peak);
      job.parts().get(TimedJob.FORWARD).run();
      // 2N n (3nQ + 2d + 3m) with Q = 12.
      assertEquals(2 * 5 * 24.0 * (3 * 24 * 12 + 2 * 7 + 3 * 2), job.flops().getAsDouble());
    }
  }

  @Test
  void peakMemoryIsWhatIsHeldAtOneTime() {
    long peak =
        PeakMemory.bytes(
            backend,
            counted -> {
              try (Workspace outer = counted.workspace("outer", BUDGET)) {
                Matrix kept = outer.allocate(10, 10);
                for (int time = 0; time < 3; time++) {
                  try (Workspace inner = outer.scope()) {
                    counted.copy(kept, inner.allocate(10, 10));
                  }
                }
              }
            });
    assertEquals(2 * 8 * 100, peak);
  }

  @Test
  void aJobIsMadeOnceRunToWarmthThenTimedAndClosed() {
    List<String> calls = new ArrayList<>();
    JobTime time =
        JobTime.of(
            backend, 1 << 20, 4, () -> new RecordedJob(calls), run -> calls.add("told " + run));
    assertEquals(4, time.runs().seconds().size());
    assertEquals(
        List.of("run", "told 4"),
        calls.subList(calls.indexOf("told 3") + 1, calls.indexOf("told 4") + 1));
    assertEquals("closed", calls.get(calls.size() - 1));
    assertTrue(calls.indexOf("finite") > calls.indexOf("told 4"), calls.toString());
    assertTrue(calls.indexOf("part") > calls.indexOf("peak"), calls.toString());
    assertEquals(1e9, time.gigaflops().getAsDouble() * time.seconds() * 1e9, 1e-3);
    assertEquals(
        time.gigaflops().getAsDouble() / Math.max(time.gigaflopsBefore(), time.gigaflopsAfter()),
        time.fractionOfGemm().getAsDouble());
  }

  /** Notes what is done to it. */
  private record RecordedJob(List<String> calls) implements TimedJob {
    @Override
    public void run() {
      calls.add("run");
    }

    @Override
    public OptionalDouble flops() {
      return OptionalDouble.of(1e9);
    }

    @Override
    public long peakBytes() {
      calls.add("peak");
      return 1;
    }

    @Override
    public Map<String, Runnable> parts() {
      return Map.of(FORWARD, () -> calls.add("part"));
    }

    @Override
    public void requireFinite() {
      calls.add("finite");
    }

    @Override
    public void close() {
      calls.add("closed");
    }
  }
}
