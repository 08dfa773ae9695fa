package io.tangentflow.benchmarks.job;

import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.PlainNetwork;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Trajectory;
import io.tangentflow.ode.Weights;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * One step of a solve of {@value #STEPS} in memory that is there, with Softplus. An input has one
 * number, so that what comes before the first step and after the last is next to nothing.
 */
@State(Scope.Benchmark)
public class SolverStepBenchmark extends EngineBenchmark {

  private static final int STEPS = 100;

  /** n. */
  @Param({"256", "1024", "2048"})
  public int width;

  /** N. */
  @Param("100")
  public int samples;

  /** Of the steps. */
  @Param({"euler", "rk4"})
  public String solver;

  private TimeGrid grid;
  private Weights weights;
  private FixedStepSolver.Solve solve;
  private PlainNetwork.Gradient expected;

  @Override
  protected void prepare(Engine engine) {
    NeuralOde model = new NeuralOde(1, width, StandardActivation.SOFTPLUS);
    grid = new TimeGrid(Tableau.named(solver), STEPS);
    weights = Weights.place(model, new Parameters.Seeded(1), engine.memory());
    Matrix x = engine.normal(1, samples);
    solve = new FixedStepSolver(grid).prepare(weights, x, engine.memory());
    expected =
        PlainNetwork.of(weights, grid, engine.backend())
            .gradient(engine.values(x.columnRange(samples - 1, 1)));
  }

  /** Times it, and what it leaves to the collector with {@code -prof gc}. */
  @Benchmark
  @OperationsPerInvocation(STEPS)
  public void step(Engine engine) {
    solve.run();
    engine.await();
  }

  @Override
  protected void check(Engine engine) {
    step(engine);
    double relative = Rounding.ofSolution(weights.model(), grid.evaluations(), engine);
    int slot = grid.evaluations();
    Trajectory end = solve.trajectory();
    double[] phi = engine.values(end.activations(slot).columnRange(samples - 1, 1));
    Values.requireNear("φ(h(T))", expected.finalActivation(), phi, relative, 0);
    double[] slope = engine.values(end.derivatives(slot).columnRange(samples - 1, 1));
    Values.requireNear("φ'(h(T))", expected.finalSlope(), slope, relative, 0);
    double output = engine.values(end.outputs())[samples - 1];
    Values.require(
        "an output", expected.output(), output, relative * Math.max(1, Math.abs(output)));
  }
}
