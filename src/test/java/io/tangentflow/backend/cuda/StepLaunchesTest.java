package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.CudaEmulator;
import io.tangentflow.testing.Networks;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A solver's step is one product and one fused kernel per stage, and can be recorded as a graph.
 */
@Tag("emulator")
class StepLaunchesTest {

  private static final NeuralOde MODEL = new NeuralOde(5, 33, StandardActivation.GELU);

  @Test
  void aStepOfEulerIsTwoLaunchesAndOneOfRk4Eight() {
    assertEquals(2, launchesOfOneMoreStep(Tableau.EULER, this::solve));
    assertEquals(8, launchesOfOneMoreStep(Tableau.RK4, this::solve));
  }

  @Test
  void aStepBackIsAsManyLaunches() {
    assertEquals(2 + 2, launchesOfOneMoreStep(Tableau.EULER, this::features));
    assertEquals(8 + 8, launchesOfOneMoreStep(Tableau.RK4, this::features));
  }

  /** As cuda-kernels/paper/steps.py has it, whose predictions of Grams are made from it. */
  @Test
  void aGramIsTwelveLaunchesForASlotAndElevenMore() {
    assertEquals(12 * 4 + 11, launches(Tableau.EULER, 4, this::gram));
    assertEquals(12 * 3 * 4 + 11, launches(Tableau.RK4, 3, this::gram));
  }

  private interface Job {
    Matrix run(TimeGrid grid, Weights weights, Matrix x, Workspace workspace);
  }

  private Matrix solve(TimeGrid grid, Weights weights, Matrix x, Workspace workspace) {
    return new FixedStepSolver(grid).solve(weights, x, workspace).outputs();
  }

  private Matrix features(TimeGrid grid, Weights weights, Matrix x, Workspace workspace) {
    return new DiscreteAdjoint(grid).features(weights, x, workspace).outputs();
  }

  private Matrix gram(TimeGrid grid, Weights weights, Matrix x, Workspace workspace) {
    GramPlan plan =
        GramPlan.inOneBlock(
            GramStrategy.STRUCTURED, MODEL, x.columns(), MemoryBudget.shared(1L << 26));
    new EmpiricalNtk(MODEL, grid, plan)
        .gram(weights, Networks.inputs(MODEL, x.columns()), workspace, fraction -> {});
    return x;
  }

  private static long launchesOfOneMoreStep(Tableau tableau, Job job) {
    return launches(tableau, 4, job) - launches(tableau, 3, job);
  }

  private static long launches(Tableau tableau, int depth, Job job) {
    return onDevice(
        workspace -> {
          Weights weights = Weights.place(MODEL, new Parameters.Seeded(1), workspace);
          Matrix x = weights.upload(Networks.inputs(MODEL, 3), workspace);
          Emulated.settle();
          job.run(new TimeGrid(tableau, depth), weights, x, workspace);
          Emulated.await();
          return CudaEmulator.kernelLaunches() + CudaEmulator.gemms();
        });
  }

  @Test
  void repeatedStepsAreOneGraphLaunchEachAndGiveTheSameState() {
    int times = 9;
    onDevice(
        workspace -> {
          Backend backend = workspace.backend();
          Matrix w = Emulated.normal(33, 33, 1, workspace);
          Matrix h = Emulated.normal(33, 3, 2, workspace);
          Matrix phi = workspace.allocate(33, 3);
          Matrix slope = workspace.allocate(33, 3);
          Runnable step =
              () -> {
                backend.gemm(Transpose.NO, Transpose.NO, 0.01, w, phi, 1, h);
                backend.activate(StandardActivation.TANH, h, phi, slope);
              };
          Emulated.settle();
          backend.repeat(times, step);
          Emulated.await();
          // The first is enqueued as it stands, so that what is made on first use is made.
          assertEquals(times - 1, CudaEmulator.graphLaunches());
          assertEquals(2L * times, CudaEmulator.kernelLaunches() + CudaEmulator.gemms());
          double[] repeated = backend.download(phi).values();

          backend.upload(Parameters.gaussian(33, 3, 5, 2), h);
          backend.upload(backend.download(workspace.allocate(33, 3)), phi);
          for (int i = 0; i < times; i++) {
            step.run();
          }
          assertArrayEquals(backend.download(phi).values(), repeated);
          return null;
        });
  }

  @Test
  void aRepeatedStepThatAsksForAnAnswerIsRefusedAndTheBackendGoesOn() {
    onDevice(
        workspace -> {
          Backend backend = workspace.backend();
          Matrix a = Emulated.normal(33, 3, 2, workspace);
          int[] runs = new int[1];
          IllegalStateException refusal =
              assertThrows(
                  IllegalStateException.class,
                  () ->
                      backend.repeat(
                          8,
                          () -> {
                            runs[0]++;
                            backend.addScaled(1, a, a);
                            backend.download(a);
                          }));
          assertTrue(refusal.getMessage().contains("repeated step"), refusal.getMessage());
          assertEquals(2, runs[0]);
          assertTrue(backend.dot(a, a) > 0);
          return null;
        });
  }

  private static <T> T onDevice(Function<Workspace, T> work) {
    try (Backend backend = Emulated.open(Precision.FP32);
        Workspace workspace = backend.workspace("a test", 1 << 26)) {
      return work.apply(workspace);
    }
  }
}
