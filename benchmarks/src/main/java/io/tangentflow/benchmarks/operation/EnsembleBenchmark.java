package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.PlainNetwork;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.util.Locale;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A chunk of an ensemble of small networks, made from their seeds and solved, d = 64. */
@State(Scope.Benchmark)
public class EnsembleBenchmark extends EngineBenchmark {

  private static final int INPUT_DIM = 64;
  private static final int DEPTH = 10;
  private static final long FIRST_SEED = 11;

  /** n. */
  @Param({"100", "256"})
  public int width;

  /** N. */
  @Param({"1", "16"})
  public int samples;

  /** B. */
  @Param("1024")
  public int networks;

  /** Of the steps. */
  @Param("euler")
  public String solver;

  private Ensemble ensemble;
  private Matrix x;
  private Matrix f;

  @Override
  protected void prepare(Engine engine) {
    NeuralOde model = new NeuralOde(INPUT_DIM, width, StandardActivation.SOFTPLUS);
    Ensemble.Method method = Ensemble.Method.valueOf(solver.toUpperCase(Locale.ROOT));
    ensemble = new Ensemble(model, method, DEPTH, FIRST_SEED, networks);
    x = engine.normal(INPUT_DIM, samples);
    f = engine.memory().allocate(samples, networks);
  }

  /** Times it. */
  @Benchmark
  public void ensemble(Engine engine) {
    engine.backend().ensemble(ensemble, x, f, engine.memory());
    engine.await();
  }

  /** The first and the last network on the last sample. */
  @Override
  protected void check(Engine engine) {
    engine.set(f, new double[samples * networks]);
    ensemble(engine);
    double[] outputs = engine.values(f);
    double[] last = engine.values(x.columnRange(samples - 1, 1));
    TimeGrid grid = new TimeGrid(Tableau.named(solver), DEPTH);
    double bound = Rounding.ofSolution(ensemble.model(), grid.evaluations(), engine);
    for (int network : new int[] {0, networks - 1}) {
      double output =
          PlainNetwork.seeded(ensemble.model(), grid, FIRST_SEED + network).gradient(last).output();
      double actual = outputs[network * samples + samples - 1];
      Values.require("an output", output, actual, bound * Math.max(1, Math.abs(output)));
    }
  }
}
