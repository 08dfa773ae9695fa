package io.tangentflow.experiment.paper;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.testing.Networks;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * A residual network of T = σu = σv = 1 in plain loops over single samples, in FP64, and its
 * gradient by the chain rule: without a line of what it is held against.
 */
final class PlainNetwork {

  /** φ and φ'. */
  enum Phi {
    SOFTPLUS,
    RELU;

    private double value(double h) {
      return this == RELU ? Math.max(0, h) : Math.max(0, h) + Math.log1p(Math.exp(-Math.abs(h)));
    }

    private double slope(double h) {
      return this == RELU ? (h > 0 ? 1 : 0) : 1 / (1 + Math.exp(-h));
    }
  }

  private final Phi phi;
  private final double sigmaW;
  private final DenseMatrix u;
  private final DenseMatrix w;
  private final DenseMatrix v;

  PlainNetwork(NeuralOde model, Phi phi, long seed) {
    this.phi = phi;
    sigmaW = model.sigmaW();
    Parameters.Given parameters = Networks.parameters(model, seed);
    u = parameters.u();
    w = parameters.w();
    v = parameters.v();
  }

  private static double[] times(DenseMatrix m, double[] x, double factor) {
    double[] y = new double[m.rows()];
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < x.length; j++) {
        y[i] += factor * m.get(i, j) * x[j];
      }
    }
    return y;
  }

  private double[] phi(double[] h) {
    return Arrays.stream(h).map(phi::value).toArray();
  }

  /** h_0 … h_L. */
  private double[][] states(double[] x, int depth) {
    double[][] h = new double[depth + 1][];
    h[0] = times(u, x, 1 / Math.sqrt(x.length));
    for (int l = 0; l < depth; l++) {
      h[l + 1] = times(w, phi(h[l]), sigmaW / Math.sqrt(w.rows()) / depth);
      for (int i = 0; i < h[l].length; i++) {
        h[l + 1][i] += h[l][i];
      }
    }
    return h;
  }

  private static double[] column(DenseMatrix m, int j) {
    return Arrays.copyOfRange(m.values(), j * m.rows(), (j + 1) * m.rows());
  }

  /** f of all columns of x, one sample after another. */
  double[] outputs(DenseMatrix x, int depth) {
    double[] all = new double[v.rows() * x.columns()];
    for (int i = 0; i < x.columns(); i++) {
      double[] f = times(v, phi(states(column(x, i), depth)[depth]), 1 / Math.sqrt(w.rows()));
      System.arraycopy(f, 0, all, i * f.length, f.length);
    }
    return all;
  }

  private static void outer(double factor, double[] a, double[] b, double[] sum, int at) {
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b.length; j++) {
        sum[at + j * a.length + i] += factor * a[i] * b[j];
      }
    }
  }

  /** The gradient of Σ_io r_io f_o(x_i): all of U, then W, then V. */
  double[] gradient(DenseMatrix x, DenseMatrix r, int depth) {
    int n = w.rows();
    double[] sum = new double[n * u.columns() + n * n + v.rows() * n];
    for (int i = 0; i < x.columns(); i++) {
      double[] xi = column(x, i);
      double[] ri = column(r, i);
      double[][] h = states(xi, depth);
      outer(1 / Math.sqrt(n), ri, phi(h[depth]), sum, n * u.columns() + n * n);
      double[] adjoint = times(v.transpose(), ri, 1 / Math.sqrt(n));
      for (int k = 0; k < n; k++) {
        adjoint[k] *= phi.slope(h[depth][k]);
      }
      double step = sigmaW / Math.sqrt(n) / depth;
      for (int l = depth - 1; l >= 0; l--) {
        outer(step, adjoint, phi(h[l]), sum, n * u.columns());
        double[] back = times(w.transpose(), adjoint, step);
        for (int k = 0; k < n; k++) {
          adjoint[k] += phi.slope(h[l][k]) * back[k];
        }
      }
      outer(1 / Math.sqrt(xi.length), adjoint, xi, sum, 0);
    }
    return sum;
  }

  /** θ ← θ − η g. */
  void descend(double rate, double[] gradient) {
    int at = 0;
    for (DenseMatrix block : new DenseMatrix[] {u, w, v}) {
      for (int k = 0; k < block.values().length; k++) {
        block.values()[k] -= rate * gradient[at++];
      }
    }
  }

  /** All of θ: U, then W, then V. */
  double[] parameters() {
    double[] all =
        Arrays.copyOf(u.values(), u.values().length + w.values().length + v.values().length);
    System.arraycopy(w.values(), 0, all, u.values().length, w.values().length);
    System.arraycopy(v.values(), 0, all, u.values().length + w.values().length, v.values().length);
    return all;
  }

  /**
   * The limit of a smooth quantity of the depth, which has an expansion in 1/L: Richardson's
   * extrapolation from L = 16, 32 … 1024, exact to 1/L⁶.
   */
  static double[] continuous(IntFunction<double[]> ofDepth) {
    int levels = 7;
    double[][] table = new double[levels][];
    for (int k = 0; k < levels; k++) {
      table[k] = ofDepth.apply(16 << k);
    }
    for (int j = 1; j < levels; j++) {
      double factor = Math.pow(2, j) - 1;
      for (int k = levels - 1; k >= j; k--) {
        for (int i = 0; i < table[k].length; i++) {
          table[k][i] += (table[k][i] - table[k - 1][i]) / factor;
        }
      }
    }
    return table[levels - 1];
  }

  /** ‖a − b‖/‖b‖. */
  static double relativeDistance(double[] a, double[] b) {
    double distance = 0;
    double norm = 0;
    for (int i = 0; i < b.length; i++) {
      distance += (a[i] - b[i]) * (a[i] - b[i]);
      norm += b[i] * b[i];
    }
    return Math.sqrt(distance / norm);
  }
}
