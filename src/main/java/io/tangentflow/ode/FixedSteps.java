package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** The operations of a solve in equal steps, on the state and the evaluations of one step. */
final class FixedSteps {

  private final Weights weights;
  private final NeuralOde model;
  private final Backend backend;
  private final double dt;
  private final Matrix h;
  private final Matrix[] k;
  private final List<List<Term>> increments = new ArrayList<>();

  FixedSteps(TimeGrid grid, Weights weights, int samples, Workspace workspace) {
    this.weights = weights;
    model = weights.model();
    backend = workspace.backend();
    dt = model.horizon() / grid.depth();
    h = workspace.allocate(model.width(), samples);
    Tableau tableau = grid.tableau();
    k = new Matrix[tableau.stages() == 1 ? 0 : tableau.stages()];
    for (int s = 0; s < k.length; s++) {
      k[s] = workspace.allocate(model.width(), samples);
    }
    for (int s = 1; s < k.length; s++) {
      increments.add(terms(dt, tableau.a()[s], k));
    }
    if (k.length > 0) {
      increments.add(terms(dt, tableau.b(), k));
    }
  }

  /** h ← h(0), phi ← φ(h), slope ← φ'(h). */
  void begin(Matrix x, Matrix phi, Matrix slope) {
    backend.gemm(Transpose.NO, Transpose.NO, model.inputScale(), weights.u(), x, 0, h);
    activate(phi, slope);
  }

  /** phi ← φ(h), slope ← φ'(h), of the state as it is. */
  void activate(Matrix phi, Matrix slope) {
    backend.activate(model.activation(), h, phi, slope);
  }

  /** Takes the steps of a trajectory from the first slot, which is there, to the last. */
  void run(Trajectory trajectory) {
    int stages = trajectory.grid().tableau().stages();
    for (int slot = 0; slot < trajectory.grid().evaluations(); slot++) {
      evaluate(
          slot % stages,
          trajectory.activations(slot),
          trajectory.activations(slot + 1),
          trajectory.derivatives(slot + 1));
    }
  }

  /**
   * Evaluates the field at stage s, whose activations are phi, and goes on to the next stage or
   * step. The results may be phi itself.
   */
  void evaluate(int s, Matrix phi, Matrix nextPhi, Matrix nextSlope) {
    if (k.length == 0) {
      double scale = dt * model.flowScale();
      weights.flow().multiply(scale, phi, 1, h);
      backend.activate(model.activation(), h, nextPhi, nextSlope);
      return;
    }
    weights.flow().multiply(model.flowScale(), phi, 0, k[s]);
    if (s + 1 < k.length) {
      backend.stage(model.activation(), h, increments.get(s), nextPhi, nextSlope);
    } else {
      backend.step(model.activation(), h, increments.get(s), nextPhi, nextSlope);
    }
  }

  void end(Matrix phi, Matrix outputs) {
    backend.gemm(Transpose.NO, Transpose.NO, model.outputScale(), weights.v(), phi, 0, outputs);
  }

  boolean finiteAtEnd(Matrix outputs) {
    return backend.firstNonFinite(h).isEmpty() && backend.firstNonFinite(outputs).isEmpty();
  }

  void requireFiniteAtEnd(Matrix outputs) {
    requireFinite("state", h);
    requireFinite("output", outputs);
  }

  private void requireFinite(String what, Matrix matrix) {
    Finite.require(what, matrix, matrix.columns(), model.horizon(), backend);
  }

  Backend backend() {
    return backend;
  }

  /** h, n×N, at the step that was reached. May be set to that of another step. */
  Matrix h() {
    return h;
  }

  /** Of a sample: h, and the evaluations of a step. */
  static int columns(Tableau tableau) {
    int stages = tableau.stages();
    return 1 + (stages == 1 ? 0 : stages);
  }

  /**
   * Makes sure that all activations before the end are finite.
   *
   * @param trajectory of some steps
   * @param firstStep the number of its first one
   * @throws NonFiniteState if one is not, naming the first sample and the time
   */
  static void requireFinite(Trajectory trajectory, int firstStep, Backend backend) {
    Tableau tableau = trajectory.grid().tableau();
    for (int slot = 0; slot < trajectory.grid().evaluations(); slot++) {
      Matrix activations = trajectory.activations(slot);
      OptionalLong at = backend.firstNonFinite(activations);
      if (at.isPresent()) {
        int step = firstStep + slot / tableau.stages();
        double node = tableau.c()[slot % tableau.stages()];
        int sample = (int) (at.getAsLong() / activations.rows());
        throw new NonFiniteState("state", sample, (step + node) * trajectory.timeStep());
      }
    }
  }

  /** Δ Σ_r c_r K_r without the terms that vanish. */
  private static List<Term> terms(double dt, double[] coefficients, Matrix[] k) {
    List<Term> terms = new ArrayList<>();
    for (int r = 0; r < coefficients.length; r++) {
      if (coefficients[r] != 0) {
        terms.add(new Term(dt * coefficients[r], k[r]));
      }
    }
    return terms;
  }
}
