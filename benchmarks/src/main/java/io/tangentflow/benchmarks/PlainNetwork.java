package io.tangentflow.benchmarks;

import io.tangentflow.backend.Backend;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * A network of one output on one sample, by loops over Java arrays in FP64, step by step as the
 * equations are written: what benchmarks are compared with.
 */
public final class PlainNetwork {

  private static final int MOST_ENTRIES = 4096;

  private final NeuralOde model;
  private final TimeGrid grid;
  private final DenseMatrix u;
  private final DenseMatrix w;
  private final DenseMatrix v;

  /**
   * @param model of one output
   * @param u n×d
   * @param w n×n
   * @param v 1×n
   */
  public PlainNetwork(NeuralOde model, TimeGrid grid, DenseMatrix u, DenseMatrix w, DenseMatrix v) {
    if (model.outputs() != 1) {
      throw new IllegalArgumentException("a plain network has one output");
    }
    this.model = model;
    this.grid = grid;
    this.u = u;
    this.w = w;
    this.v = v;
  }

  /** The network of a seed. */
  public static PlainNetwork seeded(NeuralOde model, TimeGrid grid, long seed) {
    int n = model.width();
    return new PlainNetwork(
        model,
        grid,
        Parameters.gaussian(n, model.inputDim(), seed, Parameters.STREAM_U),
        Parameters.gaussian(n, n, seed, Parameters.STREAM_W),
        Parameters.gaussian(1, n, seed, Parameters.STREAM_V));
  }

  /** The network of weights on a device. */
  public static PlainNetwork of(Weights weights, TimeGrid grid, Backend backend) {
    return new PlainNetwork(
        weights.model(),
        grid,
        backend.download(weights.u()),
        backend.download(weights.w()),
        backend.download(weights.v()));
  }

  /**
   * The output of a sample and its gradient, that of W as Σ_q A_q Φ_qᵀ.
   *
   * @param model of the network
   * @param x the sample
   * @param output f
   * @param initialAdjoint ∂f/∂h(0)
   * @param adjoints A_q of each evaluation
   * @param activations Φ_q of each evaluation
   * @param finalActivation φ(h(T))
   * @param finalSlope φ'(h(T))
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  public record Gradient(
      NeuralOde model,
      double[] x,
      double output,
      double[] initialAdjoint,
      double[][] adjoints,
      double[][] activations,
      double[] finalActivation,
      double[] finalSlope) {

    /** ∂f/∂W_ij. */
    public double ofW(int i, int j) {
      double sum = 0;
      for (int q = 0; q < adjoints.length; q++) {
        sum += adjoints[q][i] * activations[q][j];
      }
      return sum;
    }

    /** ∇f(x)·∇f(x̄), all parameters together, entry by entry. */
    public double dot(Gradient other) {
      int n = model.width();
      double ofW = 0;
      double ofU = 0;
      double ofV = 0;
      for (int i = 0; i < n; i++) {
        ofU += initialAdjoint[i] * other.initialAdjoint[i];
        ofV += finalActivation[i] * other.finalActivation[i];
        for (int j = 0; j < n; j++) {
          ofW += ofW(i, j) * other.ofW(i, j);
        }
      }
      double product = 0;
      for (int l = 0; l < x.length; l++) {
        product += x[l] * other.x[l];
      }
      return ofW
          + model.inputScale() * model.inputScale() * ofU * product
          + model.outputScale() * model.outputScale() * ofV;
    }

    /** Entries of ∂f/∂U, ∂f/∂W or ∂f/∂V in column-major order, thousands of them evenly spread. */
    public double[] sample(Block block) {
      int n = model.width();
      return switch (block) {
        case U -> picked(n * x.length, e -> model.inputScale() * initialAdjoint[e % n] * x[e / n]);
        case W -> picked(n * n, e -> ofW(e % n, e / n));
        case V -> picked(n, e -> model.outputScale() * finalActivation[e]);
      };
    }

    /** The same entries of a matrix. */
    public static double[] sample(double[] values) {
      return picked(values.length, e -> values[e]);
    }

    private static double[] picked(int size, IntToDoubleFunction entry) {
      // Odd, so that no power of two hides a row from it.
      int stride = size / MOST_ENTRIES | 1;
      return IntStream.rangeClosed(0, (size - 1) / stride)
          .mapToDouble(k -> entry.applyAsDouble(k * stride))
          .toArray();
    }
  }

  /** Forward by the Runge–Kutta method, then backward through each of its operations. */
  public Gradient gradient(double[] x) {
    Activation phi = model.activation();
    Tableau tableau = grid.tableau();
    int stages = tableau.stages();
    int n = model.width();
    double dt = model.horizon() / grid.depth();
    double[][] activations = new double[grid.evaluations()][];
    double[][] slopes = new double[grid.evaluations()][];
    double[] h = times(model.inputScale(), u, x);
    double[][] k = new double[stages][];
    for (int q = 0; q < activations.length; q++) {
      int s = q % stages;
      double[] y = plus(h, dt, tableau.a()[s], k);
      activations[q] = values(phi, y);
      slopes[q] = slopes(phi, y);
      k[s] = times(model.flowScale(), w, activations[q]);
      if (s == stages - 1) {
        h = plus(h, dt, tableau.b(), k);
      }
    }
    double[] last = values(phi, h);
    double[] slope = slopes(phi, h);
    double output = 0;
    double[] lambda = new double[n];
    for (int i = 0; i < n; i++) {
      output += model.outputScale() * v.get(0, i) * last[i];
      lambda[i] = model.outputScale() * v.get(0, i) * slope[i];
    }
    double[][] adjoints = adjoints(lambda, slopes, dt);
    return new Gradient(model, x, output, lambda, adjoints, activations, last, slope);
  }

  /** c μ_s of each evaluation; λ becomes that at 0. */
  private double[][] adjoints(double[] lambda, double[][] slopes, double dt) {
    Tableau tableau = grid.tableau();
    int stages = tableau.stages();
    double[][] adjoints = new double[slopes.length][lambda.length];
    double[][] nu = new double[stages][];
    for (int q = slopes.length - 1; q >= 0; q--) {
      int s = q % stages;
      double[] mu = new double[lambda.length];
      for (int i = 0; i < mu.length; i++) {
        mu[i] = dt * tableau.b()[s] * lambda[i];
        for (int r = s + 1; r < stages; r++) {
          mu[i] += dt * tableau.a()[r][s] * nu[r][i];
        }
        adjoints[q][i] = model.flowScale() * mu[i];
      }
      nu[s] = transposedTimes(model.flowScale(), w, mu);
      for (int i = 0; i < mu.length; i++) {
        nu[s][i] *= slopes[q][i];
      }
      for (int r = 0; s == 0 && r < stages; r++) {
        for (int i = 0; i < lambda.length; i++) {
          lambda[i] += nu[r][i];
        }
      }
    }
    return adjoints;
  }

  /** h + Δ Σ c_r k_r. */
  private static double[] plus(double[] h, double dt, double[] c, double[][] k) {
    double[] y = h.clone();
    for (int r = 0; r < c.length; r++) {
      for (int i = 0; i < y.length; i++) {
        y[i] += dt * c[r] * k[r][i];
      }
    }
    return y;
  }

  private static double[] times(double scale, DenseMatrix m, double[] x) {
    double[] y = new double[m.rows()];
    for (int j = 0; j < x.length; j++) {
      for (int i = 0; i < y.length; i++) {
        y[i] += scale * x[j] * m.values()[j * y.length + i];
      }
    }
    return y;
  }

  private static double[] transposedTimes(double scale, DenseMatrix m, double[] x) {
    double[] y = new double[m.columns()];
    for (int j = 0; j < y.length; j++) {
      double sum = 0;
      for (int i = 0; i < x.length; i++) {
        sum += m.values()[j * x.length + i] * x[i];
      }
      y[j] = scale * sum;
    }
    return y;
  }

  private static double[] values(Activation phi, double[] y) {
    double[] values = new double[y.length];
    for (int i = 0; i < y.length; i++) {
      values[i] = phi.value(y[i]);
    }
    return values;
  }

  private static double[] slopes(Activation phi, double[] y) {
    double[] slopes = new double[y.length];
    for (int i = 0; i < y.length; i++) {
      slopes[i] = phi.derivative(y[i]);
    }
    return slopes;
  }
}
