package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;

/** The dynamics of the paper, with c = σw/√n. */
public enum StandardDynamics implements Dynamics {
  /** dh/dt = c W φ(h), the default. */
  PRE_ACTIVATION {
    @Override
    public VectorField on(Weights weights, int samples, int columns, Workspace workspace) {
      return new InnerActivation(weights, t -> 1, Optional.empty(), columns, workspace);
    }
  },

  /** dh/dt = φ(c W h). */
  POST_ACTIVATION {
    @Override
    public VectorField on(Weights weights, int samples, int columns, Workspace workspace) {
      return new OuterActivation(weights, samples, columns, workspace);
    }
  },

  /** dh/dt = c W φ(h) g(t) with the gate g(t) = e⁻ᵗ. */
  GATED {
    @Override
    public VectorField on(Weights weights, int samples, int columns, Workspace workspace) {
      return new InnerActivation(weights, t -> Math.exp(-t), Optional.empty(), columns, workspace);
    }
  },

  /** dh/dt = c W φ(h + t b) with n fixed standard normal numbers b. */
  DRIFTING {
    @Override
    public VectorField on(Weights weights, int samples, int columns, Workspace workspace) {
      Matrix b = workspace.allocate(weights.model().width(), samples);
      workspace.backend().upload(drift(weights.model().width(), samples), b);
      return new InnerActivation(weights, t -> 1, Optional.of(b), columns, workspace);
    }
  };

  /** A stream that no parameters use. */
  private static final int STREAM_OF_DRIFT = 17;

  /** The dynamics of that name, in any case. */
  public static StandardDynamics named(String name) {
    for (StandardDynamics d : values()) {
      if (d.label().equals(name.toLowerCase(Locale.ROOT))) {
        return d;
      }
    }
    throw new InvalidConfiguration(
        "--dynamics",
        "there are no dynamics '"
            + name
            + "'; known are "
            + Arrays.stream(values()).map(Dynamics::label).collect(Collectors.joining(", ")));
  }

  @Override
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** b beside itself, n×N. */
  static DenseMatrix drift(int width, int samples) {
    DenseMatrix b = Parameters.gaussian(width, 1, 0, STREAM_OF_DRIFT);
    DenseMatrix all = DenseMatrix.zeros(width, samples);
    for (int j = 0; j < samples; j++) {
      System.arraycopy(b.values(), 0, all.values(), j * width, width);
    }
    return all;
  }

  /** c g(t) W φ(h + t b): Φ = φ(h + t b), M = μ. */
  private static final class InnerActivation implements VectorField {
    private final Weights weights;
    private final DoubleUnaryOperator gate;
    private final Optional<Matrix> drift;
    private final Backend backend;
    private final Matrix spare;

    /**
     * @param gate g
     * @param drift b, n×N
     */
    InnerActivation(
        Weights weights,
        DoubleUnaryOperator gate,
        Optional<Matrix> drift,
        int columns,
        Workspace workspace) {
      this.weights = weights;
      this.gate = gate;
      this.drift = drift;
      backend = workspace.backend();
      spare = workspace.allocate(weights.model().width(), columns);
    }

    private void activate(double t, Matrix h, List<Term> increments, Matrix pair, Matrix slope) {
      List<Term> all = new ArrayList<>(increments);
      drift.ifPresent(b -> all.add(new Term(t, b)));
      backend.stage(weights.model().activation(), h, all, pair, slope);
    }

    @Override
    public void evaluate(
        double t, Matrix h, List<Term> increments, Matrix k, Matrix pair, Matrix slope) {
      activate(t, h, increments, pair, slope);
      weights.flow().multiply(scale(t), pair, 0, k);
    }

    @Override
    public void linearise(
        double t, Matrix h, List<Term> increments, Matrix scratch, Matrix pair, Matrix slope) {
      activate(t, h, increments, pair, slope);
    }

    @Override
    public void pullback(double t, Matrix slope, Matrix mu, Matrix nu) {
      weights.flow().multiplyTransposed(scale(t), mu, nu);
      // Of the passes over a stage of an adjoint, the one that multiplies by φ' alone.
      backend.adjointStage(slope, nu, 0, mu, List.of(), spare);
    }

    @Override
    public double scale(double t) {
      return weights.model().flowScale() * gate.applyAsDouble(t);
    }
  }

  /** φ(c W h): Φ = h, M = φ'(c W h) ∘ μ. */
  private static final class OuterActivation implements VectorField {
    private final Weights weights;
    private final Backend backend;
    private final Matrix z;
    private final Matrix spare;

    OuterActivation(Weights weights, int samples, int columns, Workspace workspace) {
      this.weights = weights;
      backend = workspace.backend();
      z = workspace.allocate(weights.model().width(), samples);
      spare = workspace.allocate(weights.model().width(), columns);
    }

    @Override
    public void evaluate(
        double t, Matrix h, List<Term> increments, Matrix k, Matrix pair, Matrix slope) {
      backend.stage(StandardActivation.IDENTITY, h, increments, pair, slope);
      weights.flow().multiply(scale(t), pair, 0, z);
      backend.activate(weights.model().activation(), z, k, slope);
    }

    @Override
    public void pullback(double t, Matrix slope, Matrix mu, Matrix nu) {
      // Of the passes over a stage of an adjoint, the one that multiplies by φ' alone.
      backend.adjointStage(slope, mu, 0, spare, List.of(), nu);
      weights.flow().multiplyTransposed(scale(t), mu, nu);
    }

    @Override
    public double scale(double t) {
      return weights.model().flowScale();
    }
  }
}
