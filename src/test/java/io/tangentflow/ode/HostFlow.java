package io.tangentflow.ode;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.testing.Networks;
import org.apache.commons.math3.ode.FirstOrderDifferentialEquations;
import org.apache.commons.math3.ode.nonstiff.DormandPrince853Integrator;

/**
 * The equations of a network in plain loops, for the integrators of Commons Math: a second opinion
 * that shares nothing with the engine but φ and the parameters.
 */
record HostFlow(
    StandardDynamics dynamics, NeuralOde model, Parameters.Given parameters, DenseMatrix x)
    implements FirstOrderDifferentialEquations {

  @Override
  public int getDimension() {
    return model.width() * x.columns();
  }

  @Override
  public void computeDerivatives(double t, double[] y, double[] slope) {
    int n = model.width();
    double gate = dynamics == StandardDynamics.GATED ? Math.exp(-t) : 1;
    double[] b = StandardDynamics.drift(n, x.columns()).values();
    double[] inner = new double[y.length];
    for (int i = 0; i < y.length; i++) {
      inner[i] =
          switch (dynamics) {
            case PRE_ACTIVATION, GATED -> model.activation().value(y[i]);
            case DRIFTING -> model.activation().value(y[i] + t * b[i]);
            case POST_ACTIVATION -> y[i];
          };
    }
    for (int i = 0; i < y.length; i++) {
      double sum = 0;
      for (int k = 0; k < n; k++) {
        sum += parameters.w().get(i % n, k) * inner[i / n * n + k];
      }
      double z = gate * model.flowScale() * sum;
      slope[i] = dynamics == StandardDynamics.POST_ACTIVATION ? model.activation().value(z) : z;
    }
  }

  /** h(0). */
  DenseMatrix begin() {
    DenseMatrix h = Networks.product(parameters.u(), x);
    for (int i = 0; i < h.values().length; i++) {
      h.values()[i] *= model.inputScale();
    }
    return h;
  }

  /** The state at {@code to} of the solution that is h(0) at {@code from}, to about 1e-13. */
  DenseMatrix solution(double from, double to) {
    DenseMatrix h = begin();
    new DormandPrince853Integrator(1e-14, Math.abs(to - from), 1e-14, 1e-14)
        .integrate(this, from, h.values(), to, h.values());
    return h;
  }

  /** dh/dt. */
  DenseMatrix slope(double t, DenseMatrix h) {
    DenseMatrix slope = DenseMatrix.zeros(h.rows(), h.columns());
    computeDerivatives(t, h.values(), slope.values());
    return slope;
  }
}
