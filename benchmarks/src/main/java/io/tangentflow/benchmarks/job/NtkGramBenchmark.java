package io.tangentflow.benchmarks.job;

import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.PlainNetwork;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The Gram matrix of the empirical tangent kernel, weights in place, of Softplus and d = 784. */
@State(Scope.Benchmark)
public class NtkGramBenchmark extends EngineBenchmark {

  private static final int INPUT_DIM = 784;

  /** n. */
  @Param({"512", "2048"})
  public int width;

  /** N. */
  @Param("64")
  public int samples;

  /** L, by Euler's method. */
  @Param("20")
  public int depth;

  /** As {@code --gram} takes it. */
  @Param({"structured", "explicit"})
  public String gram;

  private NeuralOde model;
  private TimeGrid grid;
  private Weights weights;
  private DenseMatrix inputs;
  private EmpiricalNtk ntk;
  private double[] expected;

  @Override
  protected void prepare(Engine engine) {
    model = new NeuralOde(INPUT_DIM, width, StandardActivation.SOFTPLUS);
    grid = new TimeGrid(Tableau.EULER, depth);
    GramPlan plan =
        GramPlan.of(
            GramStrategy.named(gram),
            model,
            grid,
            samples,
            engine.backend().precision(),
            MemoryBudget.of(engine.backend(), engine.backend().availableBytes()));
    ntk = new EmpiricalNtk(model, grid, plan);
    weights = Weights.place(model, new Parameters.Seeded(1), engine.memory());
    inputs = engine.backend().download(engine.normal(INPUT_DIM, samples));
    PlainNetwork network = PlainNetwork.of(weights, grid, engine.backend());
    PlainNetwork.Gradient first = network.gradient(inputs.columnRange(0, 1).values());
    PlainNetwork.Gradient last = network.gradient(inputs.columnRange(samples - 1, 1).values());
    expected = new double[] {first.dot(first), first.dot(last), last.dot(last)};
  }

  /** Times it. */
  @Benchmark
  public DenseMatrix gram(Engine engine) {
    return ntk.gram(weights, inputs, engine.memory(), fraction -> {}).gram();
  }

  /**
   * The first and the last sample, by the sums over all entries of their gradients. An error δ of
   * each gradient, relatively, is one of 2δ + δ² of ‖∇f_i‖‖∇f_j‖.
   */
  @Override
  protected void check(Engine engine) {
    DenseMatrix k = gram(engine);
    double delta = Rounding.ofGradient(model, grid.evaluations(), engine);
    double bound = (2 + delta) * delta;
    int last = samples - 1;
    double norms = Math.sqrt(expected[0] * expected[2]);
    Values.require("K of the first sample", expected[0], k.get(0, 0), bound * expected[0]);
    Values.require("K of two samples", expected[1], k.get(0, last), bound * norms);
    Values.require("K of two samples", expected[1], k.get(last, 0), bound * norms);
    Values.require("K of the last sample", expected[2], k.get(last, last), bound * expected[2]);
  }
}
