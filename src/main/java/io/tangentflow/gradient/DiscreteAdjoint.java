package io.tangentflow.gradient;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Finite;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.SolverStatistics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Trajectory;
import io.tangentflow.ode.Weights;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Discretise, then optimise: the exact gradient of the discrete solution of any explicit
 * Runge–Kutta method. Given λ⁺ = ∂f/∂h⁺, for s = S…1
 *
 * <pre>
 *   μ_s = Δ b_s λ⁺ + Δ Σ_{r&gt;s} a_rs ν_r,   ν_s = φ'(Y_s) ⊙ ((σw/√n) Wᵀ μ_s),   λ = λ⁺ + Σ_s ν_s,
 *   ∂f/∂W += (σw/√n) Σ_s μ_s φ(Y_s)ᵀ,
 * </pre>
 *
 * (Sanz-Serna, SIAM Review 58, 2016). The adjoint columns are A_s = (σw/√n) μ_s.
 *
 * <p>This is the engine's hot path: dh/dt = (σw/√n) W φ(h) in equal steps, of a product and a fused
 * pass for each stage. {@link SteppedAdjoint} takes any dynamics and steps.
 */
public final class DiscreteAdjoint implements GradientMethod {

  private final TimeGrid grid;

  /** The gradient of the solution on that grid. */
  public DiscreteAdjoint(TimeGrid grid) {
    this.grid = grid;
  }

  /** The steps. */
  public TimeGrid grid() {
    return grid;
  }

  @Override
  public String label() {
    return "discrete:" + grid.label();
  }

  @Override
  public OptionalInt pairs() {
    return OptionalInt.of(grid.evaluations());
  }

  @Override
  public Stepping forward() {
    return grid;
  }

  @Override
  public boolean adaptive() {
    return false;
  }

  @Override
  public TangentFeatures features(
      Weights weights, Matrix x, Workspace workspace, Consumer<Report> report) {
    TangentFeatures features = features(weights, x, workspace);
    report.accept(report());
    return features;
  }

  /**
   * The features of each output of inputs x, d×N, allocated in the workspace.
   *
   * @throws NonFiniteState if a state or an adjoint overflows
   */
  public TangentFeatures features(Weights weights, Matrix x, Workspace workspace) {
    NeuralOde model = weights.model();
    Trajectory trajectory = new FixedStepSolver(grid).solve(weights, x, workspace);
    int q = grid.evaluations();
    Adjoints adjoints;
    try (Workspace scratch = workspace.scope()) {
      DenseMatrix each = GradientMethod.eachOutput(model.outputs(), x.columns());
      Matrix cotangents = scratch.allocate(each.rows(), each.columns());
      workspace.backend().upload(each, cotangents);
      adjoints = adjoints(weights, trajectory, cotangents, workspace);
    }
    int columns = adjoints.initial().columns();
    return new TangentFeatures(
        model,
        adjoints.shifted().columnRange(columns, columns * q),
        trajectory.activations().columnRange(0, x.columns() * q),
        adjoints.initial(),
        trajectory.activations(q),
        x,
        trajectory.outputs());
  }

  @Override
  public Matrix outputs(Weights weights, Matrix x, Workspace workspace) {
    return new FixedStepSolver(grid).outputs(weights, x, workspace);
  }

  @Override
  public Report pull(
      Weights weights, Matrix x, Matrix cotangents, PairSink sink, Workspace workspace) {
    try (Workspace scratch = workspace.scope()) {
      Trajectory trajectory = new FixedStepSolver(grid).solve(weights, x, scratch);
      int q = grid.evaluations();
      int columns = cotangents.columns();
      sink.begin(trajectory.outputs(), trajectory.activations(q));
      Adjoints adjoints = adjoints(weights, trajectory, cotangents, scratch);
      sink.pair(
          1,
          adjoints.shifted().columnRange(columns, columns * q),
          trajectory.activations().columnRange(0, x.columns() * q));
      sink.end(adjoints.initial());
    }
    return report();
  }

  private Report report() {
    SolverStatistics eachWay = new SolverStatistics(grid.depth(), 0, grid.evaluations());
    return new Report(eachWay, eachWay, OptionalDouble.empty());
  }

  /** A_q in slot q + 1, and λ(0). */
  private record Adjoints(Matrix shifted, Matrix initial) {}

  private Adjoints adjoints(
      Weights weights, Trajectory trajectory, Matrix cotangents, Workspace workspace) {
    int width = weights.model().width();
    int columns = cotangents.columns();
    // Slot q of the derivatives is read for the last time when slot q − 1 of the adjoints is
    // written, so with one column a sample the adjoints take their place, one slot on.
    Matrix shifted =
        columns == trajectory.samples()
            ? trajectory.derivatives()
            : workspace.allocate(width, Math.multiplyExact(columns, grid.evaluations() + 1));
    Matrix lambda = workspace.allocate(width, columns);
    try (Workspace scratch = workspace.scope()) {
      new Backward(weights, grid.tableau(), trajectory.timeStep(), lambda, scratch)
          .run(cotangents, trajectory, shifted);
    }
    Finite.require("adjoint", lambda, trajectory.samples(), 0, workspace.backend());
    return new Adjoints(shifted, lambda);
  }

  /** Bytes that {@link #features} holds at its peak, weights and inputs apart. */
  public long bytes(NeuralOde model, int samples, int bytesPerNumber) {
    long columns = (long) samples * model.outputs();
    long nuAndCotangent =
        columns * (grid.tableau().stages() * (long) model.width() + model.outputs());
    return Math.max(
        new FixedStepSolver(grid).bytes(model, samples, bytesPerNumber),
        retainedBytes(model, samples, bytesPerNumber) + bytesPerNumber * nuAndCotangent);
  }

  /** Bytes that {@link #features} leaves allocated in its workspace. */
  public long retainedBytes(NeuralOde model, int samples, int bytesPerNumber) {
    long outputs = model.outputs();
    long slots = grid.evaluations() + 1L;
    long columnsPerSample = 2 * slots + outputs + (outputs == 1 ? 0 : outputs * slots);
    return (columnsPerSample * model.width() + outputs) * samples * bytesPerNumber;
  }

  /**
   * The linear pullback of cotangents m×N, one combination of its outputs for each sample, to be
   * done again and again while weights and trajectory change: its matrices are allocated in the
   * workspace, once. The derivatives of the trajectory are overwritten by adjoints, until the next
   * solve.
   */
  public Pullback pullback(Weights weights, FixedStepSolver.Solve solve, Workspace workspace) {
    return new Pullback(weights, solve.trajectory(), workspace);
  }

  /** Bytes that {@link #pullback} allocates. */
  public long pullbackBytes(NeuralOde model, int samples, int bytesPerNumber) {
    long columns = 2L + grid.tableau().stages();
    return columns * model.width() * samples * bytesPerNumber;
  }

  /**
   * The vector–Jacobian product Σ_o r_o ∂f_o/∂θ of each sample, as column pairs: one adjoint column
   * per sample and evaluation, whatever the number of outputs.
   */
  public final class Pullback {

    private final Backend backend;
    private final Trajectory trajectory;
    private final Matrix zero;
    private final Matrix lambda;
    private final Backward backward;

    private Pullback(Weights weights, Trajectory trajectory, Workspace workspace) {
      this.backend = workspace.backend();
      this.trajectory = trajectory;
      zero = workspace.allocate(weights.model().width(), trajectory.samples());
      lambda = workspace.allocate(weights.model().width(), trajectory.samples());
      backward = new Backward(weights, grid.tableau(), trajectory.timeStep(), lambda, workspace);
    }

    /** Pulls cotangents r, m×N, back through the trajectory as it was solved last. */
    public void run(Matrix cotangent) {
      backend.copy(zero, lambda);
      backward.run(cotangent, trajectory, trajectory.derivatives());
    }

    /**
     * Hands over the pairs of all samples and evaluations, once {@link #run} has gone the whole way
     * back: the sink may change the weights.
     */
    public void giveTo(PairSink sink) {
      int samples = trajectory.samples();
      int q = grid.evaluations();
      sink.begin(trajectory.outputs(), trajectory.activations(q));
      sink.pair(
          1,
          trajectory.derivatives().columnRange(samples, samples * q),
          trajectory.activations().columnRange(0, samples * q));
      sink.end(lambda);
    }
  }
}
