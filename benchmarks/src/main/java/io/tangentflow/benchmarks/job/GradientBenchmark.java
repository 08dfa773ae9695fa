package io.tangentflow.benchmarks.job;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.PlainNetwork;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.gradient.BlockGradients;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.EnumMap;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The gradient of Σ r_i f(x_i) with respect to all parameters, of Softplus and d = 784: forward,
 * discrete adjoint and the products of the parameters' gradients, in memory that is there.
 */
@State(Scope.Benchmark)
public class GradientBenchmark extends EngineBenchmark {

  private static final int INPUT_DIM = 784;

  /** n. */
  @Param({"256", "1024", "2048", "4096"})
  public int width;

  /** N. */
  @Param("100")
  public int samples;

  /** L. */
  @Param("20")
  public int depth;

  /** Of the steps. */
  @Param("rk4")
  public String solver;

  private TimeGrid grid;
  private Weights weights;
  private Matrix x;
  private Matrix cotangents;
  private double[] normal;
  private FixedStepSolver.Solve solve;
  private DiscreteAdjoint.Pullback pullback;
  private Map<Block, Matrix> gradient;
  private PlainNetwork.Gradient expected;

  @Override
  protected void prepare(Engine engine) {
    NeuralOde model = new NeuralOde(INPUT_DIM, width, StandardActivation.SOFTPLUS);
    grid = new TimeGrid(Tableau.named(solver), depth);
    weights = Weights.place(model, new Parameters.Seeded(1), engine.memory());
    x = engine.normal(INPUT_DIM, samples);
    cotangents = engine.normal(1, samples);
    normal = engine.values(cotangents);
    solve = new FixedStepSolver(grid).prepare(weights, x, engine.memory());
    pullback = new DiscreteAdjoint(grid).pullback(weights, solve, engine.memory());
    gradient = new EnumMap<>(Block.class);
    weights
        .blocks()
        .forEach(
            (block, matrix) ->
                gradient.put(block, engine.memory().allocate(matrix.rows(), matrix.columns())));
    expected =
        PlainNetwork.of(weights, grid, engine.backend())
            .gradient(engine.values(x.columnRange(samples - 1, 1)));
  }

  /** The solve alone, which keeps φ and φ' of all evaluations. */
  @Benchmark
  public void forward(Engine engine) {
    solve.run();
    engine.await();
  }

  /** All of it. */
  @Benchmark
  public void gradient(Engine engine) {
    Backend backend = engine.backend();
    solve.run();
    pullback.run(cotangents);
    pullback.giveTo(new BlockGradients(weights.model(), x, cotangents, 1, 0, gradient, backend));
    engine.await();
  }

  /** With r = 1 for the last sample alone it is the gradient of one output. */
  @Override
  protected void check(Engine engine) {
    double[] last = new double[samples];
    last[samples - 1] = 1;
    engine.set(cotangents, last);
    gradient(engine);
    engine.set(cotangents, normal);
    NeuralOde model = weights.model();
    double output = engine.values(solve.trajectory().outputs())[samples - 1];
    double bound = Rounding.ofSolution(model, grid.evaluations(), engine);
    Values.require("an output", expected.output(), output, bound * Math.max(1, Math.abs(output)));
    double relative = Rounding.ofGradient(model, grid.evaluations(), engine);
    for (Block block : Block.values()) {
      Values.requireNear(
          "the gradient of " + block,
          expected.sample(block),
          PlainNetwork.Gradient.sample(engine.values(gradient.get(block))),
          relative,
          0);
    }
  }
}
