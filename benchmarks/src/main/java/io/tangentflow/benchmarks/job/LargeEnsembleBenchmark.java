package io.tangentflow.benchmarks.job;

import io.tangentflow.backend.Ensemble;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.PlainNetwork;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.EnsembleSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The outputs of ten thousand networks at one sample, in chunks, by Euler's method, d = 64. */
@State(Scope.Benchmark)
public class LargeEnsembleBenchmark extends EngineBenchmark {

  private static final int INPUT_DIM = 64;
  private static final long FIRST_SEED = 11;

  /** n. */
  @Param("100")
  public int width;

  /** L. */
  @Param("10")
  public int depth;

  /** B. */
  @Param("10000")
  public int networks;

  private NeuralOde model;
  private TimeGrid grid;
  private EnsembleSolver solver;
  private DenseMatrix x;

  @Override
  protected void prepare(Engine engine) {
    model = new NeuralOde(INPUT_DIM, width, StandardActivation.SOFTPLUS);
    grid = new TimeGrid(Tableau.EULER, depth);
    x = engine.backend().download(engine.normal(INPUT_DIM, 1));
    Ensemble ensemble = new Ensemble(model, Ensemble.Method.EULER, depth, FIRST_SEED, networks);
    solver = new EnsembleSolver(ensemble, x, engine.backend(), engine.backend().availableBytes());
  }

  /** Times it. */
  @Benchmark
  public DenseMatrix ensemble() {
    return solver.outputs(finished -> {});
  }

  /** Networks of every chunk. */
  @Override
  protected void check(Engine engine) {
    double[] outputs = ensemble().values();
    double bound = Rounding.ofSolution(model, grid.evaluations(), engine);
    for (int at = 0; at < 8; at++) {
      int network = at * (networks - 1) / 7;
      double output =
          PlainNetwork.seeded(model, grid, FIRST_SEED + network).gradient(x.values()).output();
      Values.require("an output", output, outputs[network], bound * Math.max(1, Math.abs(output)));
    }
  }
}
