package io.tangentflow.benchmarks.job;

import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.PlainNetwork;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.train.Loss;
import io.tangentflow.train.Training;
import io.tangentflow.train.UpdateRule;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * A step of full-batch gradient descent on the squared loss, of Softplus and d = 784. The learning
 * rate is so small that the weights stay what they are.
 */
@State(Scope.Benchmark)
public class TrainingStepBenchmark extends EngineBenchmark {

  private static final int INPUT_DIM = 784;
  private static final double LEARNING_RATE = 0x1p-30;

  /** n. */
  @Param({"256", "2048"})
  public int width;

  /** N. */
  @Param("500")
  public int samples;

  /** L, by Euler's method. */
  @Param("10")
  public int depth;

  private TimeGrid grid;
  private Weights weights;
  private Matrix x;
  private Matrix targets;
  private double[] normal;
  private Training training;
  private Map<Block, double[]> start;
  private PlainNetwork.Gradient expected;

  @Override
  protected void prepare(Engine engine) {
    NeuralOde model = new NeuralOde(INPUT_DIM, width, StandardActivation.SOFTPLUS);
    grid = new TimeGrid(Tableau.EULER, depth);
    weights = Weights.place(model, new Parameters.Seeded(1), engine.memory());
    start = new EnumMap<>(Block.class);
    weights.blocks().forEach((block, matrix) -> start.put(block, engine.values(matrix)));
    x = engine.normal(INPUT_DIM, samples);
    targets = engine.normal(1, samples);
    normal = engine.values(targets);
    training =
        new Training(
            new Training.Setup(
                new DiscreteAdjoint(grid),
                Loss.SQUARED,
                false,
                EnumSet.allOf(Block.class),
                new UpdateRule.Descent(),
                LEARNING_RATE,
                samples),
            weights,
            x,
            targets,
            epoch -> new int[0],
            report -> {},
            engine.memory());
    expected =
        PlainNetwork.of(weights, grid, engine.backend())
            .gradient(engine.values(x.columnRange(samples - 1, 1)));
  }

  /** Times it. */
  @Benchmark
  public double step(Engine engine) {
    double loss = training.step();
    engine.await();
    return loss;
  }

  /**
   * With targets that are the outputs but for the last, which is 1/η below, the loss is 1/(2η²) and
   * the step is the gradient of that one output.
   */
  @Override
  protected void check(Engine engine) {
    start.forEach((block, values) -> engine.set(weights.block(block), values));
    double[] outputs = training.evaluate(x, targets).outputs().values();
    outputs[samples - 1] -= 1 / LEARNING_RATE;
    engine.set(targets, outputs);
    double loss = step(engine);
    // Of f − y, the square and the sum; what rounding leaves of other samples is far below.
    double exact = 0.5 / LEARNING_RATE / LEARNING_RATE;
    Values.require("the loss", exact, loss, 8 * engine.roundoff() * exact);
    NeuralOde model = weights.model();
    double relative = Rounding.ofGradient(model, grid.evaluations(), engine);
    for (Block block : Block.values()) {
      double[] moved = engine.values(weights.block(block));
      double size = 0;
      for (int e = 0; e < moved.length; e++) {
        moved[e] = start.get(block)[e] - moved[e];
        size = Math.max(size, Math.abs(start.get(block)[e]));
      }
      double[] sample = PlainNetwork.Gradient.sample(moved);
      // A weight is rounded once where it is moved.
      double roundings = 2 * engine.roundoff() * size * Math.sqrt(sample.length);
      Values.requireNear(
          "the step of " + block, expected.sample(block), sample, relative, roundings);
    }
    start.forEach((block, values) -> engine.set(weights.block(block), values));
    engine.set(targets, normal);
  }
}
