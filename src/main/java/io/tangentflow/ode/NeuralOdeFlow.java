package io.tangentflow.ode;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import java.util.List;

/**
 * The forward equation dh/dt = F(h, t; W) from h(0) = (σu/√d) U x on. It keeps Φ and the slopes of
 * each stage until the next step.
 */
public class NeuralOdeFlow implements OdeSystem {

  private final VectorField field;
  private final Matrix h;
  private final Linearisations stages;

  /**
   * The state begins at h(0).
   *
   * @param x d×N
   * @param stages that a step evaluates, at most
   */
  public NeuralOdeFlow(
      VectorField field, Weights weights, Matrix x, int stages, Workspace workspace) {
    this.field = field;
    int n = weights.model().width();
    h = workspace.allocate(n, x.columns());
    begin(weights, x, h, workspace.backend());
    this.stages = new Linearisations(stages, n, x.columns(), workspace);
  }

  /** h ← h(0). */
  public static void begin(Weights weights, Matrix x, Matrix h, Backend backend) {
    double scale = weights.model().inputScale();
    backend.gemm(Transpose.NO, Transpose.NO, scale, weights.u(), x, 0, h);
  }

  /** h, n×N, at the time that was reached. */
  public Matrix h() {
    return h;
  }

  /** F. */
  protected final VectorField field() {
    return field;
  }

  /** What was evaluated at the stages of the last step. */
  protected final Linearisations stages() {
    return stages;
  }

  /** k ← F(h, t), at the state as it is. What stage 0 holds is overwritten. */
  public void velocity(double t, Matrix k) {
    field.evaluate(t, h, List.of(), k, stages.pair(0), stages.slope(0));
  }

  @Override
  public List<Part> parts() {
    return List.of(new Part("state", h, 1));
  }

  @Override
  public int samples() {
    return h.columns();
  }

  @Override
  public void evaluate(int s, double t, List<List<Term>> increments, List<Matrix> slopes) {
    field.evaluate(t, h, increments.get(0), slopes.get(0), stages.pair(s), stages.slope(s));
  }

  /** Nothing to be kept of a step, unless a subclass does. */
  @Override
  public void accepted(double t, double dt, List<Matrix> slopes) {}

  @Override
  public void moveToFirst(int from) {
    stages.swap(0, from);
  }
}
