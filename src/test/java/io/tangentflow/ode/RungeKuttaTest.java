package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.ode.nonstiff.DormandPrince54Integrator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class RungeKuttaTest {

  private static final NeuralOde NETWORK =
      new NeuralOde(3, 16, 1, 1.5, 1, 1.5, 1, StandardActivation.SOFTPLUS);

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  static List<Tableau> tableaux() {
    return Tableau.ALL;
  }

  static List<Tableau> embedded() {
    return Tableau.ALL.stream().filter(Tableau::embedded).toList();
  }

  @ParameterizedTest
  @MethodSource("backends")
  @Tag("every-backend")
  void equalStepsAreThoseOfTheFixedStepSolver(BackendCase which) {
    for (Tableau tableau : Tableau.ALL) {
      TimeGrid grid = new TimeGrid(tableau, 5);
      HostFlow host = network(StandardDynamics.PRE_ACTIVATION, NETWORK);
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", 1 << 24)) {
        RecordedFlow flow = new RecordedFlow(host, false, tableau, workspace);
        SolverStatistics statistics = flow.solve(grid, 0, NETWORK.horizon());
        Matrix activations =
            new FixedStepSolver(grid)
                .solve(flow.weights, flow.x, workspace)
                .activations(grid.evaluations());
        Matrix phi = workspace.allocate(NETWORK.width(), flow.x.columns());
        backend.activate(NETWORK.activation(), flow.h(), phi, workspace.allocate(16, 4));
        DenseMatrix expected = backend.download(activations);
        double difference = backend.download(phi).distance(expected);
        assertTrue(difference <= which.tolerance() * expected.norm(), tableau + " " + difference);
        assertEquals(new SolverStatistics(5, 0, grid.evaluations()), statistics);
        assertEquals(grid.evaluations(), flow.evaluations);
      }
    }
  }

  /**
   * The slope of log error against log step tends to the order, with a remainder of order Δ: a
   * large one for Dormand and Prince's method, whose leading term is small by design.
   */
  @ParameterizedTest
  @EnumSource(StandardDynamics.class)
  void everyMethodHasItsOrderOnEveryDynamics(StandardDynamics dynamics) {
    HostFlow host = network(dynamics, NETWORK);
    DenseMatrix exact = host.solution(0, NETWORK.horizon());
    for (Tableau tableau : Tableau.ALL) {
      // Where errors are below 1e-3 and above a thousand times the rounding.
      int depth = 1 << (11 - tableau.order());
      double coarse = solve(host, new TimeGrid(tableau, depth / 2)).distance(exact);
      double fine = solve(host, new TimeGrid(tableau, depth)).distance(exact);
      double slope = Math.log(coarse / fine) / Math.log(2);
      assertTrue(
          slope > tableau.order() - 0.1 && slope < tableau.order() + 0.6, tableau + " " + slope);
    }
  }

  /**
   * The tolerance bounds the error of the solution of order four in each step; that of order five
   * goes on, and is better by a factor of order Δ, more than what the flow amplifies. Commons Math
   * measures errors alike. Work at equal accuracy is evaluations · error^(1/5).
   */
  @Test
  void theErrorIsProportionalToTheToleranceAtNoMoreWorkThanCommonsMaths() {
    HostFlow host = network(StandardDynamics.PRE_ACTIVATION, NETWORK);
    DenseMatrix exact = host.solution(0, NETWORK.horizon());
    double loosest = Double.NaN;
    for (int digits = 4; digits <= 11; digits++) {
      double tolerance = Math.pow(10, -digits);
      double allowed = tolerance * exact.norm();
      DenseMatrix theirs = host.begin();
      DormandPrince54Integrator commons =
          new DormandPrince54Integrator(1e-14, 2, allowed * 1e-6, tolerance);
      commons.integrate(host, 0, theirs.values(), NETWORK.horizon(), theirs.values());
      try (Backend backend = fp64().open();
          Workspace workspace = backend.workspace("a test", 1 << 24)) {
        RecordedFlow flow = new RecordedFlow(host, true, Tableau.DORMAND_PRINCE, workspace);
        SolverStatistics statistics = flow.solve(dormandPrince(tolerance), 0, NETWORK.horizon());
        DenseMatrix ours = backend.download(flow.h());
        double error = ours.distance(exact) / allowed;
        assertTrue(error <= 1, "" + error);
        assertTrue(ours.distance(theirs) <= 2 * allowed, "" + ours.distance(theirs));
        double work = statistics.evaluations() * Math.pow(ours.distance(exact), 0.2);
        double theirWork = commons.getEvaluations() * Math.pow(theirs.distance(exact), 0.2);
        assertTrue(work <= theirWork, work + " " + theirWork);
        loosest = digits == 4 ? error : loosest;
        // Over seven decades of the tolerance.
        assertTrue(error <= 5 * loosest && error >= loosest / 5, error + " after " + loosest);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  @Tag("every-backend")
  void aToleranceIsHeldForwardsAndBackwardsByEveryPair(BackendCase which) {
    boolean single = which.precision() == Precision.FP32;
    for (StandardDynamics dynamics : StandardDynamics.values()) {
      HostFlow host = network(dynamics, NETWORK);
      for (boolean back : new boolean[] {false, true}) {
        double from = back ? NETWORK.horizon() : 0;
        double to = NETWORK.horizon() - from;
        DenseMatrix exact = host.solution(from, to);
        for (Tableau tableau : embedded()) {
          double tolerance = single || tableau.order() < 5 ? 1e-5 : 1e-8;
          try (Backend backend = which.open();
              Workspace workspace = backend.workspace("a test", 1 << 24)) {
            RecordedFlow flow = new RecordedFlow(host, true, tableau, workspace);
            SolverStatistics s = flow.solve(new Tolerance(tableau, tolerance), from, to);
            double error = backend.download(flow.h()).distance(exact);
            // Errors of the steps, each within the tolerance, fade or grow with the flow.
            assertTrue(error <= 2 * tolerance * exact.norm(), dynamics + " " + tableau + error);
            flow.requireStepsFrom(from, to, s);
          }
        }
      }
    }
  }

  @Test
  void theSolutionGoneBackEndsWhereItBegan() {
    HostFlow host = network(StandardDynamics.DRIFTING, NETWORK);
    try (Backend backend = fp64().open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      RecordedFlow flow = new RecordedFlow(host, true, Tableau.DORMAND_PRINCE, workspace);
      flow.solve(dormandPrince(1e-9), 0, NETWORK.horizon());
      assertTrue(backend.download(flow.h()).distance(host.begin()) > 1);
      flow.solve(dormandPrince(1e-9), NETWORK.horizon(), 0);
      double error = backend.download(flow.h()).distance(host.begin()) / host.begin().norm();
      // What the way there missed is amplified by the way back, at most e^(‖cW‖T) = e⁴.
      assertTrue(error <= 1e-9 * Math.exp(4), "" + error);
    }
  }

  /**
   * φ = tanh: three samples so large that they are saturated and move evenly, and one so small that
   * it lives at full speed. Measured together it is a millionth of the state, and may be wrong.
   */
  @Test
  void theHardestSampleIsHeldToTheToleranceWhereEachIsMeasured() {
    NeuralOde model = new NeuralOde(3, 16, 1, 1, 1, 8, 1, StandardActivation.TANH);
    DenseMatrix x = Networks.inputs(model, 4);
    for (int i = 0; i < x.values().length; i++) {
      x.values()[i] *= i / 3 == 2 ? 1e-3 : 1e4;
    }
    HostFlow host =
        new HostFlow(StandardDynamics.PRE_ACTIVATION, model, Networks.parameters(model, 3), x);
    HostFlow alone =
        new HostFlow(
            host.dynamics(), model, host.parameters(), new DenseMatrix(3, 1, column(x, 2)));
    double[] exact = alone.solution(0, 1).values();
    double norm = new DenseMatrix(16, 1, exact).norm();
    double tolerance = 1e-6;
    double[] errors = new double[2];
    for (int each = 0; each < 2; each++) {
      try (Backend backend = fp64().open();
          Workspace workspace = backend.workspace("a test", 1 << 24)) {
        RecordedFlow flow = new RecordedFlow(host, true, Tableau.DORMAND_PRINCE, workspace);
        Tolerance held = new Tolerance(Tableau.DORMAND_PRINCE, tolerance, each == 1);
        SolverStatistics s = flow.solve(held, 0, 1);
        flow.requireStepsFrom(0, 1, s);
        double[] ours = column(backend.download(flow.h()), 2);
        errors[each] = new DenseMatrix(16, 1, ours).distance(new DenseMatrix(16, 1, exact)) / norm;
        assertTrue(
            each == 0 || s.rejected() > 0, "a first step for all should be too long for one");
      }
    }
    assertTrue(errors[1] <= 2 * tolerance, "" + errors[1]);
    assertTrue(errors[0] > 100 * tolerance, "nothing was at stake: " + errors[0]);
  }

  /**
   * φ = identity, A = cW: h(T) = e^(AT) h(0) for fields without time, e^(A(1 − e⁻ᵀ)) h(0) with the
   * gate, and e^(AT) h(0) + (∫₀ᵀ e^(As) ds − T) b with the drift, by variation of constants.
   */
  @ParameterizedTest
  @MethodSource("backends")
  @Tag("every-backend")
  void linearNetworksAreSolvedAsByTheMatrixExponential(BackendCase which) {
    NeuralOde model = new NeuralOde(3, 9, 1, 1.2, 1, 1.3, 1, StandardActivation.IDENTITY);
    double time = model.horizon();
    double tolerance = which.precision() == Precision.FP32 ? 1e-5 : 1e-10;
    for (StandardDynamics dynamics : StandardDynamics.values()) {
      HostFlow host = network(dynamics, model);
      DenseMatrix a = scaled(host.parameters().w(), model.flowScale());
      double effective = dynamics == StandardDynamics.GATED ? 1 - Math.exp(-time) : time;
      DenseMatrix exact = Networks.product(exponential(scaled(a, effective)), host.begin());
      if (dynamics == StandardDynamics.DRIFTING) {
        DenseMatrix b = StandardDynamics.drift(9, 4);
        exact = sum(1, exact, 1, Networks.product(integralOfExponential(a, time), b));
        exact = sum(1, exact, -time, b);
      }
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", 1 << 24)) {
        RecordedFlow flow = new RecordedFlow(host, true, Tableau.DORMAND_PRINCE, workspace);
        flow.solve(dormandPrince(tolerance), 0, time);
        double error = backend.download(flow.h()).distance(exact) / exact.norm();
        assertTrue(error <= 2 * tolerance, dynamics + " " + error);
      }
    }
  }

  /** From h(0) near zero on steps grow fivefold, not by what an error of 1e-4 would allow. */
  @Test
  void aVeryShortFirstStepIsSoonForgotten() {
    NeuralOde model = new NeuralOde(3, 16, 1, 1, 1e-10, 1, 1, StandardActivation.SOFTPLUS);
    try (Backend backend = fp64().open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      HostFlow host = network(StandardDynamics.PRE_ACTIVATION, model);
      RecordedFlow flow = new RecordedFlow(host, true, Tableau.DORMAND_PRINCE, workspace);
      SolverStatistics s = flow.solve(dormandPrince(1e-4), 0, 1);
      // log₅ 10¹¹ = 15.7 to the length that the tolerance allows, and a few more to the end.
      assertTrue(s.accepted() <= 22, s.toString());
    }
  }

  /** Neighbouring steps are alike at the end too, since an interpolation divides by them. */
  @ParameterizedTest
  @MethodSource("embedded")
  void theLastStepIsNoSliver(Tableau tableau) {
    HostFlow host = network(StandardDynamics.PRE_ACTIVATION, NETWORK);
    for (double horizon = 0.5; horizon < 1.5; horizon += 0.01) {
      try (Backend backend = fp64().open();
          Workspace workspace = backend.workspace("a test", 1 << 24)) {
        RecordedFlow flow = new RecordedFlow(host, true, tableau, workspace);
        flow.solve(new Tolerance(tableau, 1e-6), 0, horizon);
        int last = flow.lengths.size() - 1;
        assertTrue(flow.lengths.get(last) > 0.25 * flow.lengths.get(last - 1), "" + horizon);
      }
    }
  }

  @Test
  void stepsOfAnotherMethodAreRefused() {
    HostFlow host = network(StandardDynamics.PRE_ACTIVATION, NETWORK);
    try (Backend backend = fp64().open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      RecordedFlow flow = new RecordedFlow(host, true, Tableau.RK4, workspace);
      RungeKutta solver = new RungeKutta(Tableau.RK4, flow, true, workspace);
      assertThrows(IllegalArgumentException.class, () -> solver.within(dormandPrince(1e-3), 0, 1));
      assertThrows(
          IllegalArgumentException.class, () -> solver.solve(new TimeGrid(Tableau.EULER, 2), 0, 1));
    }
  }

  private static BackendCase fp64() {
    return new BackendCase("cpu-scalar", Precision.FP64, 1);
  }

  private static Tolerance dormandPrince(double tolerance) {
    return new Tolerance(Tableau.DORMAND_PRINCE, tolerance);
  }

  /** Four samples. */
  private static HostFlow network(StandardDynamics dynamics, NeuralOde model) {
    return new HostFlow(dynamics, model, Networks.parameters(model, 3), Networks.inputs(model, 4));
  }

  private static DenseMatrix solve(HostFlow host, TimeGrid grid) {
    try (Backend backend = fp64().open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      RecordedFlow flow = new RecordedFlow(host, false, grid.tableau(), workspace);
      flow.solve(grid, 0, host.model().horizon());
      return backend.download(flow.h());
    }
  }

  private static double[] column(DenseMatrix m, int j) {
    return Arrays.copyOfRange(m.values(), j * m.rows(), (j + 1) * m.rows());
  }

  /** e^M, by a Taylor series of M/2⁸ squared eight times. */
  private static DenseMatrix exponential(DenseMatrix m) {
    DenseMatrix small = scaled(m, 1.0 / 256);
    DenseMatrix one = DenseMatrix.zeros(m.rows(), m.rows());
    for (int i = 0; i < m.rows(); i++) {
      one.set(i, i, 1);
    }
    DenseMatrix result = one;
    for (int k = 14; k >= 1; k--) {
      result = sum(1, one, 1.0 / k, Networks.product(small, result));
    }
    for (int k = 0; k < 8; k++) {
      result = Networks.product(result, result);
    }
    return result;
  }

  /** ∫₀ᵀ e^(As) ds, the upper right block of the exponential of T [A 1; 0 0]. */
  private static DenseMatrix integralOfExponential(DenseMatrix a, double time) {
    int n = a.rows();
    DenseMatrix block = DenseMatrix.zeros(2 * n, 2 * n);
    for (int j = 0; j < n; j++) {
      block.set(j, n + j, time);
      for (int i = 0; i < n; i++) {
        block.set(i, j, time * a.get(i, j));
      }
    }
    DenseMatrix e = exponential(block);
    return DenseMatrix.ofRows(
        n,
        n,
        i -> {
          double[] row = new double[n];
          Arrays.setAll(row, j -> e.get(i, n + j));
          return row;
        });
  }

  private static DenseMatrix scaled(DenseMatrix m, double factor) {
    return sum(factor, m, 0, m);
  }

  private static DenseMatrix sum(double s, DenseMatrix a, double t, DenseMatrix b) {
    double[] values = new double[a.values().length];
    Arrays.setAll(values, i -> s * a.values()[i] + t * b.values()[i]);
    return new DenseMatrix(a.rows(), a.columns(), values);
  }
}
