package io.tangentflow.cli;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.data.NetworkFile.Expected;
import io.tangentflow.data.NetworkFile.Network;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.ParameterGradients;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * What the engine computes for a given network.
 *
 * @param outputs f, 1×N
 * @param gradients of the output at each sample
 * @param ntk N×N
 */
record NetworkEvaluation(DenseMatrix outputs, List<ParameterGradients> gradients, DenseMatrix ntk) {

  /** What {@link #differences} compares, in its order. */
  static final List<String> QUANTITIES = List.of("outputs", "∂f/∂U", "∂f/∂W", "∂f/∂V", "NTK");

  /**
   * The largest difference at which small networks agree. The worst conditioned of the reference
   * networks, ReLU by RK4, has a difference of 120 unit roundoffs in FP32; as many of TF32 are
   * 6e-2.
   */
  static double tolerance(Precision precision) {
    return switch (precision) {
      case FP64 -> 1e-11;
      case FP32 -> 1e-4;
      case TF32 -> 1e-1;
    };
  }

  /** The steps of a network. */
  static TimeGrid grid(Network network) {
    return new TimeGrid(Tableau.named(network.solver()), network.depth());
  }

  /** "softplus rk4 with 4 steps". */
  static String name(Network network) {
    return network.model().activation().label() + " " + grid(network);
  }

  static NetworkEvaluation of(Network network, Backend backend, MemoryBudget budget) {
    TimeGrid grid = grid(network);
    List<ParameterGradients> gradients = new ArrayList<>();
    DenseMatrix outputs;
    try (Workspace workspace = backend.workspace("this network", budget.deviceBytes())) {
      Weights weights = Weights.place(network.model(), network.parameters(), workspace);
      TangentFeatures features =
          new DiscreteAdjoint(grid)
              .features(weights, weights.upload(network.inputs(), workspace), workspace);
      outputs = backend.download(features.outputs());
      for (int i = 0; i < features.samples(); i++) {
        gradients.add(ParameterGradients.of(features, i, 0, workspace));
      }
    }
    GramPlan plan =
        GramPlan.choose(
            network.model(), grid, network.inputs().columns(), backend.precision(), budget);
    DenseMatrix ntk =
        new EmpiricalNtk(network.model(), grid, plan)
            .gram(network.parameters(), network.inputs(), backend, fraction -> {})
            .gram();
    return new NetworkEvaluation(outputs, gradients, ntk);
  }

  /** The largest difference of each quantity, relative to its largest entry. */
  double[] differences(Expected expected) {
    double[] worst = new double[QUANTITIES.size()];
    worst[0] = difference(expected.outputs(), outputs);
    for (int i = 0; i < gradients.size(); i++) {
      ParameterGradients g = gradients.get(i);
      worst[1] = Math.max(worst[1], difference(expected.gradU().get(i), g.u()));
      worst[2] = Math.max(worst[2], difference(expected.gradW().get(i), g.w()));
      worst[3] = Math.max(worst[3], difference(expected.gradV().get(i), g.v()));
    }
    worst[4] = difference(expected.ntk(), ntk);
    return worst;
  }

  private static double difference(DenseMatrix expected, DenseMatrix actual) {
    double largest = 0;
    double difference = 0;
    for (int k = 0; k < expected.values().length; k++) {
      largest = Math.max(largest, Math.abs(expected.values()[k]));
      difference = Math.max(difference, Math.abs(expected.values()[k] - actual.values()[k]));
    }
    return difference == 0 ? 0 : difference / largest;
  }
}
