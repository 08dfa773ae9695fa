package io.tangentflow.gradient;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Trajectory;
import io.tangentflow.ode.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

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
 */
public final class DiscreteAdjoint {

  private final TimeGrid grid;

  public DiscreteAdjoint(TimeGrid grid) {
    this.grid = grid;
  }

  /**
   * The features of each output of inputs x, d×N, allocated in the workspace.
   *
   * @throws NonFiniteState if a state or an adjoint overflows
   */
  public TangentFeatures features(Weights weights, Matrix x, Workspace workspace) {
    int outputs = weights.model().outputs();
    DenseMatrix eachOutput = DenseMatrix.zeros(outputs, Math.multiplyExact(outputs, x.columns()));
    for (int column = 0; column < eachOutput.columns(); column++) {
      eachOutput.set(column % outputs, column, 1);
    }
    NeuralOde model = weights.model();
    Backend backend = workspace.backend();
    Trajectory trajectory = new FixedStepSolver(grid).solve(weights, x, workspace);
    int samples = x.columns();
    int q = grid.evaluations();
    int columns = eachOutput.columns();
    // Slot q of the derivatives is read for the last time when slot q − 1 of the adjoints is
    // written, so with one output the adjoints take their place, one slot on.
    Matrix shifted =
        outputs == 1
            ? trajectory.derivatives()
            : workspace.allocate(model.width(), Math.multiplyExact(columns, q + 1));
    Matrix lambda = workspace.allocate(model.width(), columns);
    try (Workspace scratch = workspace.scope()) {
      Matrix cotangent = scratch.allocate(outputs, columns);
      backend.upload(eachOutput, cotangent);
      backward(weights, trajectory, cotangent, lambda, shifted, scratch);
    }
    OptionalLong overflow = backend.firstNonFinite(lambda);
    if (overflow.isPresent()) {
      int column = (int) (overflow.getAsLong() / model.width());
      throw new NonFiniteState("adjoint", column / outputs, 0);
    }
    return new TangentFeatures(
        model,
        shifted.columnRange(columns, columns * q),
        trajectory.activations().columnRange(0, samples * q),
        lambda,
        trajectory.activations(q),
        x,
        trajectory.outputs());
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
   * Runs the adjoint from λ(T) = (σv/√n) φ'(h_T) ⊙ Vᵀ·cotangent to λ(0).
   *
   * @param lambda zero on entry, λ(0) on exit, n×Nm
   * @param shifted receives A_q in slot q + 1; its slot 0 is overwritten
   */
  private void backward(
      Weights weights,
      Trajectory trajectory,
      Matrix cotangent,
      Matrix lambda,
      Matrix shifted,
      Workspace scratch) {
    NeuralOde model = weights.model();
    Backend backend = scratch.backend();
    Tableau tableau = grid.tableau();
    int stages = tableau.stages();
    int columns = lambda.columns();
    double scale = trajectory.timeStep() * model.flowScale();
    Matrix[] nu = new Matrix[stages];
    for (int s = 0; s < stages; s++) {
      nu[s] = scratch.allocate(model.width(), columns);
    }
    List<List<Term>> laterStages = new ArrayList<>();
    for (int s = 0; s < stages - 1; s++) {
      laterStages.add(laterStages(tableau, s, scale, nu));
    }
    List<Term> others = new ArrayList<>();
    for (int s = 1; s < stages; s++) {
      others.add(new Term(1, nu[s]));
    }
    double lastWeight = scale * tableau.b()[stages - 1];

    int q = grid.evaluations();
    backend.gemm(
        Transpose.YES, Transpose.NO, model.outputScale(), weights.v(), cotangent, 0, nu[0]);
    backend.adjointStep(
        trajectory.derivatives(q), nu[0], List.of(), lambda, lastWeight, slot(shifted, q, columns));
    for (int slot = q - 1; slot >= 0; slot--) {
      int s = slot % stages;
      Matrix adjoint = slot(shifted, slot + 1, columns);
      Matrix next = slot(shifted, slot, columns);
      backend.gemm(Transpose.YES, Transpose.NO, 1, weights.w(), adjoint, 0, nu[s]);
      if (s > 0) {
        backend.adjointStage(
            trajectory.derivatives(slot),
            nu[s],
            scale * tableau.b()[s - 1],
            lambda,
            laterStages.get(s - 1),
            next);
      } else {
        backend.adjointStep(trajectory.derivatives(slot), nu[0], others, lambda, lastWeight, next);
      }
    }
  }

  /** Δ(σw/√n) Σ_{r&gt;s} a_rs ν_r without the terms that vanish. */
  private static List<Term> laterStages(Tableau tableau, int s, double scale, Matrix[] nu) {
    List<Term> terms = new ArrayList<>();
    for (int r = s + 1; r < tableau.stages(); r++) {
      if (tableau.a()[r][s] != 0) {
        terms.add(new Term(scale * tableau.a()[r][s], nu[r]));
      }
    }
    return terms;
  }

  private static Matrix slot(Matrix shifted, int slot, int columns) {
    return shifted.columnRange(slot * columns, columns);
  }
}
