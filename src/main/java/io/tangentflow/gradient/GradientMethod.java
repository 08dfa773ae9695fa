package io.tangentflow.gradient;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.SolverStatistics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.Weights;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * A way to the gradients of a network's outputs: it solves the forward equation, then an adjoint
 * one backwards, whose solution is the gradient in pairs of columns (see {@link TangentFeatures}).
 */
public interface GradientMethod {

  /** The method, its solvers and steps, as {@link GradientMethods#named} takes them. */
  String label();

  /** The pairs of each sample and output, empty where a tolerance decides. */
  OptionalInt pairs();

  /** How the steps of the state are chosen. */
  Stepping forward();

  /** Whether a tolerance chooses steps of the state or of the adjoint. */
  boolean adaptive();

  /**
   * What a gradient took, and what is known of its error.
   *
   * @param forward of the state, states computed again included
   * @param backward of the adjoint
   * @param reconstructionError of a method that integrates the state backwards: the largest ‖ĥ(0) −
   *     h(0)‖ / ‖h(0)‖ of a sample
   */
  record Report(
      SolverStatistics forward, SolverStatistics backward, OptionalDouble reconstructionError) {

    /** The reconstruction error beyond which gradients are not to be trusted. */
    public static final double GREATEST_RECONSTRUCTION_ERROR = 1e-3;

    /** Whether the state was not found again on the way back. */
    public boolean doubtful() {
      return reconstructionError.isPresent()
          && !(reconstructionError.getAsDouble() <= GREATEST_RECONSTRUCTION_ERROR);
    }

    /** Why a gradient is not to be trusted that is {@link #doubtful}. */
    public String doubt() {
      return String.format(
          "integrated backwards the state ends at a relative distance of %.1e from h(0), so its"
              + " gradient is not to be trusted; choose stored or checkpointed, or lower --sigma-w"
              + " or --horizon",
          reconstructionError.orElseThrow());
    }
  }

  /**
   * The outputs f, m×N, of inputs x, d×N, alone, in memory that does not grow with the steps. The
   * result is allocated in the workspace.
   *
   * @throws io.tangentflow.TangentFlowException.NonFiniteState if a state or an output overflows
   * @throws io.tangentflow.TangentFlowException.StepSizeUnderflow if a tolerance cannot be had
   */
  Matrix outputs(Weights weights, Matrix x, Workspace workspace);

  /**
   * Pulls cotangents back through the network of inputs x: the gradient of Σ_o r_oc f_o(x_j) for
   * each column c of r, where C/N neighbouring columns go with a sample j.
   *
   * @param x d×N
   * @param cotangents r, m×C
   * @param sink receives the gradients
   * @param workspace gives what memory it takes, and has it back on return
   * @throws io.tangentflow.TangentFlowException.NonFiniteState if a state or an adjoint overflows
   * @throws io.tangentflow.TangentFlowException.StepSizeUnderflow if a tolerance cannot be had
   */
  Report pull(Weights weights, Matrix x, Matrix cotangents, PairSink sink, Workspace workspace);

  /**
   * The features of each output of inputs x, d×N, allocated in the workspace.
   *
   * @param report receives what it took
   */
  default TangentFeatures features(
      Weights weights, Matrix x, Workspace workspace, Consumer<Report> report) {
    int outputs = weights.model().outputs();
    try (FeatureCollector collector = new FeatureCollector(weights.model(), x, pairs(), workspace);
        Workspace scratch = workspace.scope()) {
      Matrix cotangents = scratch.allocate(outputs, Math.multiplyExact(outputs, x.columns()));
      workspace.backend().upload(eachOutput(outputs, x.columns()), cotangents);
      report.accept(pull(weights, x, cotangents, collector, scratch));
      return collector.features();
    }
  }

  /** The cotangents of each output alone, m×Nm: column i·m + o is e_o. */
  static DenseMatrix eachOutput(int outputs, int samples) {
    DenseMatrix each = DenseMatrix.zeros(outputs, Math.multiplyExact(outputs, samples));
    for (int column = 0; column < each.columns(); column++) {
      each.set(column % outputs, column, 1);
    }
    return each;
  }
}
