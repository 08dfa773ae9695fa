package io.tangentflow.gradient;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.Trajectory;
import io.tangentflow.ode.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * The discrete adjoint from λ(T) = (σv/√n) φ'(h_T) ⊙ Vᵀ·cotangent to λ(0), by the equations of
 * {@link DiscreteAdjoint}, on matrices of its own: all steps at once, or those of one part of a
 * trajectory after the other, the last one first.
 */
final class Backward {

  private final Backend backend;
  private final Weights weights;
  private final Matrix lambda;
  private final double lastWeight;
  private final double scale;
  private final double[] b;
  private final Matrix[] nu;
  private final List<List<Term>> laterStages = new ArrayList<>();
  private final List<Term> others = new ArrayList<>();

  // Views of the adjoints, made once: those of a training are the same ones in each of its steps.
  private Matrix slotted;
  private Matrix[] slots;

  /**
   * @param lambda zero before each run, λ(0) after it, n×Nm
   * @param workspace owns its matrices
   */
  Backward(Weights weights, Tableau tableau, double timeStep, Matrix lambda, Workspace workspace) {
    this.backend = workspace.backend();
    this.weights = weights;
    this.lambda = lambda;
    scale = timeStep * weights.model().flowScale();
    b = tableau.b();
    nu = new Matrix[tableau.stages()];
    lastWeight = scale * b[nu.length - 1];
    for (int s = 0; s < nu.length; s++) {
      nu[s] = workspace.allocate(weights.model().width(), lambda.columns());
    }
    for (int s = 0; s < nu.length - 1; s++) {
      laterStages.add(laterStages(tableau, s, scale, nu));
    }
    for (int s = 1; s < nu.length; s++) {
      others.add(new Term(1, nu[s]));
    }
  }

  /**
   * Goes the whole way back.
   *
   * @param shifted receives A_q in slot q + 1; its slot 0 is overwritten. It may be the derivatives
   *     of the trajectory where lambda has a column for each sample.
   */
  void run(Matrix cotangent, Trajectory trajectory, Matrix shifted) {
    begin(cotangent, trajectory, shifted);
    goBack(trajectory, shifted);
  }

  /** λ(T), and the last slot of the adjoints: what comes before all steps. */
  void begin(Matrix cotangent, Trajectory trajectory, Matrix shifted) {
    double outputScale = weights.model().outputScale();
    backend.gemm(Transpose.YES, Transpose.NO, outputScale, weights.v(), cotangent, 0, nu[0]);
    int q = trajectory.grid().evaluations();
    backend.adjointStep(
        trajectory.derivatives(q), nu[0], List.of(), lambda, lastWeight, slot(shifted, q));
  }

  /**
   * Goes back over the steps of a part of a trajectory.
   *
   * @param shifted its last slot is there, and receives A_q in slot q + 1; slot 0 receives the last
   *     slot of the part before
   */
  void goBack(Trajectory trajectory, Matrix shifted) {
    for (int at = trajectory.grid().evaluations() - 1; at >= 0; at--) {
      int s = at % nu.length;
      Matrix next = slot(shifted, at);
      weights.flow().multiplyTransposed(1, slot(shifted, at + 1), nu[s]);
      Matrix derivative = trajectory.derivatives(at);
      if (s > 0) {
        double weight = scale * b[s - 1];
        backend.adjointStage(derivative, nu[s], weight, lambda, laterStages.get(s - 1), next);
      } else {
        backend.adjointStep(derivative, nu[0], others, lambda, lastWeight, next);
      }
    }
  }

  /** A of one evaluation among slots of it. */
  Matrix slot(Matrix adjoints, int slot) {
    if (adjoints != slotted) {
      slotted = adjoints;
      slots = new Matrix[adjoints.columns() / lambda.columns()];
    }
    if (slots[slot] == null) {
      slots[slot] = adjoints.columnRange(slot * lambda.columns(), lambda.columns());
    }
    return slots[slot];
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
}
