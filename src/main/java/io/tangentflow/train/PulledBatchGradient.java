package io.tangentflow.train;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.BlockGradients;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.PairSink;
import io.tangentflow.model.Block;
import io.tangentflow.ode.Weights;
import java.util.Map;
import java.util.function.Consumer;

/** By any method, whose pairs are summed as they come. */
final class PulledBatchGradient implements BatchGradient {

  private final GradientMethod method;
  private final Loss loss;
  private final Weights weights;
  private final Matrix x;
  private final Matrix targets;
  private final Matrix cotangents;
  private final Matrix outputs;
  private final Workspace workspace;
  private final Consumer<GradientMethod.Report> reports;

  /**
   * @param x inputs, d×N
   * @param targets m×N
   * @param workspace owns cotangents and outputs, and gives what the method takes
   * @param reports hears what each gradient took
   */
  PulledBatchGradient(
      GradientMethod method,
      Loss loss,
      Weights weights,
      Matrix x,
      Matrix targets,
      Workspace workspace,
      Consumer<GradientMethod.Report> reports) {
    this.method = method;
    this.loss = loss;
    this.weights = weights;
    this.x = x;
    this.targets = targets;
    this.workspace = workspace;
    this.reports = reports;
    cotangents = workspace.allocate(targets.rows(), targets.columns());
    outputs = workspace.allocate(targets.rows(), targets.columns());
  }

  @Override
  public double add(double weight, double decay, Map<Block, Matrix> sums) {
    Backend backend = workspace.backend();
    LossThenSum sink =
        new LossThenSum(
            new BlockGradients(weights.model(), x, cotangents, weight, decay, sums, backend));
    reports.accept(method.pull(weights, x, cotangents, sink, workspace));
    return sink.value;
  }

  /** The weights are needed on the whole way back. */
  @Override
  public boolean inPlace() {
    return false;
  }

  @Override
  public Matrix outputs() {
    return outputs;
  }

  /** Makes the cotangents of the outputs before they are pulled back. */
  private final class LossThenSum implements PairSink {
    private final PairSink sum;
    private double value;

    LossThenSum(PairSink sum) {
      this.sum = sum;
    }

    @Override
    public void begin(Matrix f, Matrix finalActivation) {
      Backend backend = workspace.backend();
      backend.copy(f, outputs);
      value = loss.evaluate(f, targets, cotangents, backend);
      sum.begin(f, finalActivation);
    }

    @Override
    public void pair(double weight, Matrix adjoints, Matrix activations) {
      sum.pair(weight, adjoints, activations);
    }

    @Override
    public void end(Matrix initialAdjoint) {
      sum.end(initialAdjoint);
    }
  }
}
