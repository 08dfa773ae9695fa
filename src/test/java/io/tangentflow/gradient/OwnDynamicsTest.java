package io.tangentflow.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Dynamics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Tolerance;
import io.tangentflow.ode.VectorField;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Dynamics of a user's own, as docs/gradients.md has them. */
@Tag("every-backend")
class OwnDynamicsTest {

  /** dh/dt = (σw/√n) W φ(h) − γ h: a leak. */
  record Leaky(double gamma) implements Dynamics {

    @Override
    public String label() {
      return "leaky";
    }

    @Override
    public VectorField on(Weights weights, int samples, int columns, Workspace workspace) {
      NeuralOde model = weights.model();
      Backend backend = workspace.backend();
      Matrix y = workspace.allocate(model.width(), samples);
      Matrix ones = workspace.allocate(model.width(), samples);
      Matrix spare = workspace.allocate(model.width(), columns);
      return new VectorField() {
        @Override
        public void evaluate(
            double t, Matrix h, List<Term> increments, Matrix k, Matrix pair, Matrix slope) {
          backend.stage(StandardActivation.IDENTITY, h, increments, y, ones); // y = Y
          backend.activate(model.activation(), y, pair, slope); // Φ = φ(Y)
          backend.gemm(Transpose.NO, Transpose.NO, scale(t), weights.w(), pair, 0, k);
          backend.addScaled(-gamma, y, k);
        }

        @Override
        public void pullback(double t, Matrix slope, Matrix mu, Matrix nu) {
          backend.gemm(Transpose.YES, Transpose.NO, scale(t), weights.w(), mu, 0, nu);
          backend.adjointStage(slope, nu, 0, mu, List.of(), spare); // nu = φ'(Y) ∘ nu
          backend.addScaled(-gamma, mu, nu);
        }

        @Override
        public double scale(double t) {
          return model.flowScale();
        }
      };
    }
  }

  private static final NeuralOde MODEL =
      new NeuralOde(4, 17, 2, 1.5, 1.1, 0.9, 1.2, StandardActivation.SOFTPLUS);

  private static final int SAMPLES = 3;

  static List<BackendCase> backends() {
    return BackendCase.all().stream().filter(c -> c.threads() == 1).toList();
  }

  private static DenseMatrix gram(GradientMethod method, GramStrategy strategy, BackendCase which) {
    try (Backend backend = which.open()) {
      GramPlan plan = GramPlan.inOneBlock(strategy, MODEL, SAMPLES, MemoryBudget.shared(1L << 28));
      return new EmpiricalNtk(MODEL, method, plan)
          .gram(
              Networks.parameters(MODEL, 5),
              Networks.inputs(MODEL, SAMPLES),
              backend,
              fraction -> {})
          .gram();
    }
  }

  /** Of discrete and continuous gradients, contracted and formed: one kernel. */
  @ParameterizedTest
  @MethodSource("backends")
  void theirTangentKernelDoesNotDependOnTheWay(BackendCase which) {
    Dynamics leaky = new Leaky(0.7);
    double tolerance = which.precision() == Precision.FP64 ? 1e-9 : 1e-5;
    Stepping exact = new Tolerance(Tableau.DORMAND_PRINCE, tolerance);
    DenseMatrix expected = gram(new SteppedAdjoint(leaky, exact), GramStrategy.STRUCTURED, which);
    for (GradientMethod method :
        List.of(
            new SteppedAdjoint(leaky, new TimeGrid(Tableau.BUTCHER5, 60)),
            ContinuousAdjoint.stored(leaky, exact, exact),
            ContinuousAdjoint.checkpointed(leaky, exact, exact, 2),
            ContinuousAdjoint.augmented(leaky, exact, exact))) {
      for (GramStrategy strategy : GramStrategy.values()) {
        DenseMatrix other = gram(method, strategy, which);
        double difference = other.distance(expected) / expected.norm();
        assertEquals(0, difference, 50 * tolerance, method.label());
      }
    }
  }

  /** Its Gram is that of derivatives of the outputs with respect to each parameter. */
  @Test
  void theirTangentKernelIsThatOfCentralDifferences() {
    Dynamics leaky = new Leaky(0.7);
    GradientMethod method = new SteppedAdjoint(leaky, new TimeGrid(Tableau.RK4, 4));
    DenseMatrix gram =
        gram(method, GramStrategy.STRUCTURED, new BackendCase("cpu-vector", Precision.FP64, 1));
    Parameters.Given at = Networks.parameters(MODEL, 5);
    DenseMatrix differences = DenseMatrix.zeros(gram.rows(), gram.columns());
    double h = 0x1p-16;
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1))) {
      for (DenseMatrix block : List.of(at.u(), at.w(), at.v())) {
        for (int e = 0; e < block.values().length; e++) {
          double kept = block.values()[e];
          block.values()[e] = kept + h;
          double[] above = outputs(method, at, backend);
          block.values()[e] = kept - h;
          double[] below = outputs(method, at, backend);
          block.values()[e] = kept;
          for (int j = 0; j < gram.columns(); j++) {
            for (int i = 0; i < gram.rows(); i++) {
              double product = (above[i] - below[i]) * (above[j] - below[j]) / (4 * h * h);
              differences.set(i, j, differences.get(i, j) + product);
            }
          }
        }
      }
    }
    // Truncation h²f'''/3 and rounding u|f|/h of each derivative are near 1e-10.
    assertEquals(0, gram.distance(differences) / gram.norm(), 1e-8);
  }

  private static double[] outputs(GradientMethod method, Parameters at, Backend backend) {
    try (Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Weights weights = Weights.place(MODEL, at, workspace);
      Matrix x = weights.upload(Networks.inputs(MODEL, SAMPLES), workspace);
      Matrix r = workspace.allocate(MODEL.outputs(), SAMPLES);
      GradientSum sum = new GradientSum(MODEL, x, r, workspace);
      method.pull(weights, x, r, sum, workspace);
      return backend.download(sum.outputs()).values();
    }
  }
}
