package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.DenseOutput.Node;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.ode.nonstiff.DormandPrince54Integrator;
import org.apache.commons.math3.ode.sampling.StepHandler;
import org.apache.commons.math3.ode.sampling.StepInterpolator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DenseOutputTest {

  private static final NeuralOde NETWORK =
      new NeuralOde(3, 16, 1, 1.5, 1, 1.5, 1, StandardActivation.SOFTPLUS);

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** h_k(t) = (t/2)ᵏ: exact up to degree 2·nodes − 1, and at the nodes whatever the degree. */
  @ParameterizedTest
  @MethodSource("backends")
  @Tag("every-backend")
  void polynomialsOfDegreeFiveAreExactWithThreeNodesAndOfThreeWithTwo(BackendCase which) {
    double[] times = {0.3, 1.1, 1.4};
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      for (int count = 2; count <= 3; count++) {
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          DenseMatrix h = powers(times[i]);
          DenseMatrix slope = DenseMatrix.zeros(7, 1);
          for (int k = 1; k < 7; k++) {
            slope.set(k, 0, k / 2.0 * h.get(k - 1, 0));
          }
          nodes.add(node(times[i], h, slope, workspace));
        }
        // Within and a little beyond, as rounding may ask for.
        for (double t : new double[] {0.29, 0.3, 0.5, 1.1, 1.3, 1.4}) {
          DenseMatrix at = interpolated(nodes, t, workspace);
          DenseMatrix exact = powers(t);
          for (int k = 0; k <= 2 * count - 1; k++) {
            assertEquals(exact.get(k, 0), at.get(k, 0), which.tolerance(), count + ": " + k);
          }
        }
        double middle = (times[0] + times[1]) / 2;
        int beyond = 2 * count;
        double missed = interpolated(nodes, middle, workspace).get(beyond, 0);
        double product = Math.pow(2, -beyond);
        for (int i = 0; i < count; i++) {
          product *= Math.pow(middle - times[i], 2);
        }
        // The remainder of Hermite's interpolation, h^(2k)/(2k)! Π (t − t_i)².
        assertEquals(product, powers(middle).get(beyond, 0) - missed, which.tolerance());
      }
    }
  }

  private static DenseMatrix powers(double t) {
    DenseMatrix h = DenseMatrix.zeros(7, 1);
    for (int k = 0; k < 7; k++) {
      h.set(k, 0, Math.pow(t / 2, k));
    }
    return h;
  }

  /** Exact nodes Δ apart about a fixed time. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void theErrorBetweenTheNodesOfANetworkIsOfOrderTwiceTheirNumber(int count) {
    HostFlow host = network();
    double t = 0.7;
    DenseMatrix exact = host.solution(0, t);
    double previous = Double.NaN;
    try (Backend backend = fp64().open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      for (double dt : new double[] {0.2, 0.1, 0.05}) {
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          double ti = t + (i - 0.4) * dt;
          DenseMatrix h = host.solution(0, ti);
          nodes.add(node(ti, h, host.slope(ti, h), workspace));
        }
        double error = interpolated(nodes, t, workspace).distance(exact);
        if (dt < 0.1) {
          double order = Math.log(previous / error) / Math.log(2);
          // The remainder is of order Δ.
          assertEquals(2 * count, order, 0.1);
        }
        previous = error;
      }
    }
  }

  /**
   * Between the nodes of a solution within 1e-8 it is as exact as at them: against Commons Math's
   * own interpolation of a far more exact one.
   */
  @Test
  void theSolutionBetweenItsStepsAgreesWithCommonsMaths() {
    HostFlow host = network();
    double tolerance = 1e-8;
    List<Node> nodes = new ArrayList<>();
    try (Backend backend = fp64().open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      RecordedFlow flow =
          new RecordedFlow(host, true, Tableau.DORMAND_PRINCE, workspace) {
            @Override
            public void accepted(double t, double dt, List<Matrix> slopes) {
              nodes.add(node(t, backend.download(h()), backend.download(slopes.get(0)), workspace));
            }
          };
      flow.solve(new Tolerance(Tableau.DORMAND_PRINCE, tolerance), 0, NETWORK.horizon());
      DenseMatrix end = backend.download(flow.h());
      nodes.add(node(NETWORK.horizon(), end, host.slope(NETWORK.horizon(), end), workspace));
      double worst = 0;
      for (int i = 0; i + 2 < nodes.size(); i++) {
        double t = nodes.get(i).t() + 0.37 * (nodes.get(i + 1).t() - nodes.get(i).t());
        DenseMatrix theirs = commonsInterpolation(host, t);
        DenseMatrix ours = interpolated(nodes.subList(i, i + 3), t, workspace);
        worst = Math.max(worst, ours.distance(theirs) / theirs.norm());
      }
      assertTrue(nodes.size() > 10);
      assertTrue(worst <= 2 * tolerance, "" + worst);
    }
  }

  /** Of order four between steps whose ends are exact to 1e-12. */
  private static DenseMatrix commonsInterpolation(HostFlow host, double t) {
    DenseMatrix h = host.begin();
    DenseMatrix at = DenseMatrix.zeros(h.rows(), h.columns());
    DormandPrince54Integrator integrator = new DormandPrince54Integrator(1e-14, 1, 1e-12, 1e-12);
    integrator.addStepHandler(
        new StepHandler() {
          @Override
          public void init(double t0, double[] y0, double end) {}

          @Override
          public void handleStep(StepInterpolator interpolator, boolean isLast) {
            if (interpolator.getPreviousTime() <= t && t <= interpolator.getCurrentTime()) {
              interpolator.setInterpolatedTime(t);
              double[] state = interpolator.getInterpolatedState();
              System.arraycopy(state, 0, at.values(), 0, state.length);
            }
          }
        });
    integrator.integrate(host, 0, h.values().clone(), NETWORK.horizon(), h.values());
    return at;
  }

  private static BackendCase fp64() {
    return new BackendCase("cpu-scalar", Precision.FP64, 1);
  }

  private static HostFlow network() {
    return new HostFlow(
        StandardDynamics.DRIFTING,
        NETWORK,
        Networks.parameters(NETWORK, 3),
        Networks.inputs(NETWORK, 4));
  }

  private static Node node(double t, DenseMatrix h, DenseMatrix slope, Workspace workspace) {
    return new Node(t, placed(h, workspace), placed(slope, workspace));
  }

  private static Matrix placed(DenseMatrix m, Workspace workspace) {
    Matrix matrix = workspace.allocate(m.rows(), m.columns());
    workspace.backend().upload(m, matrix);
    return matrix;
  }

  private static DenseMatrix interpolated(List<Node> nodes, double t, Workspace workspace) {
    Backend backend = workspace.backend();
    Matrix first = nodes.get(0).h();
    Matrix result = workspace.allocate(first.rows(), first.columns());
    backend.copy(first, result);
    for (Term term : DenseOutput.increments(nodes, t)) {
      backend.addScaled(term.weight(), term.matrix(), result);
    }
    return backend.download(result);
  }
}
