package io.tangentflow.cli;

import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * A network of the tanh activation and its training in plain loops over single samples, without a
 * line of what it is held against: f(x), ∂f/∂θ by the discrete adjoint of a tableau, losses and
 * update rules.
 */
final class PlainTraining {

  /** An explicit Runge–Kutta method. */
  enum Method {
    EULER,
    RK4;

    private double[][] a() {
      return this == EULER ? new double[][] {{}} : new double[][] {{}, {0.5}, {0, 0.5}, {0, 0, 1}};
    }

    private double[] b() {
      return this == EULER ? new double[] {1} : new double[] {1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0};
    }
  }

  /** Loss and cotangents of one sample. */
  interface SampleLoss {
    /** The loss of outputs f and targets y; receives ∂L/∂f. */
    double of(double[] f, double[] y, double[] cotangents);
  }

  private final double[][] a;
  private final double[] b;
  private final int depth;
  private final DenseMatrix u;
  private final DenseMatrix w;
  private final DenseMatrix v;
  private final int n;
  private final double scaleU;
  private final double scale;

  /**
   * @param u n×d. It and the others are modified by {@link Rule#apply}.
   */
  PlainTraining(Method method, int depth, DenseMatrix u, DenseMatrix w, DenseMatrix v) {
    a = method.a();
    b = method.b();
    this.depth = depth;
    this.u = u;
    this.w = w;
    this.v = v;
    n = w.rows();
    scaleU = 1 / Math.sqrt(u.columns());
    scale = 1 / Math.sqrt(n);
  }

  static double squared(double[] f, double[] y, double[] cotangents) {
    double loss = 0;
    for (int o = 0; o < f.length; o++) {
      cotangents[o] = f[o] - y[o];
      loss += 0.5 * cotangents[o] * cotangents[o];
    }
    return loss;
  }

  static double crossEntropy(double[] f, double[] y, double[] cotangents) {
    double greatest = Arrays.stream(f).max().orElseThrow();
    double sum = Arrays.stream(f).map(z -> Math.exp(z - greatest)).sum();
    double loss = 0;
    for (int o = 0; o < f.length; o++) {
      loss -= y[o] * (f[o] - greatest - Math.log(sum));
      cotangents[o] = Math.exp(f[o] - greatest) / sum - y[o];
    }
    return loss;
  }

  /** θ in the order U, W, V; the matrices themselves. */
  Map<Block, DenseMatrix> parameters() {
    return new EnumMap<>(Map.of(Block.U, u, Block.W, w, Block.V, v));
  }

  /** What a solve went through. */
  private static final class Path {
    private double[][][] stages;
    private double[] end;
  }

  private double[] times(DenseMatrix m, double[] x, double factor) {
    double[] y = new double[m.rows()];
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < x.length; j++) {
        y[i] += m.get(i, j) * x[j];
      }
      y[i] *= factor;
    }
    return y;
  }

  private double[] transposed(DenseMatrix m, double[] x, double factor) {
    double[] y = new double[m.columns()];
    for (int j = 0; j < y.length; j++) {
      for (int i = 0; i < x.length; i++) {
        y[j] += m.get(i, j) * x[i];
      }
      y[j] *= factor;
    }
    return y;
  }

  private static double[] phi(double[] h) {
    return Arrays.stream(h).map(Math::tanh).toArray();
  }

  private static double slope(double h) {
    return 1 - Math.tanh(h) * Math.tanh(h);
  }

  private Path solve(double[] x) {
    double dt = 1.0 / depth;
    int s = b.length;
    Path path = new Path();
    path.stages = new double[depth][s][];
    double[] h = times(u, x, scaleU);
    for (int step = 0; step < depth; step++) {
      double[][] k = new double[s][];
      for (int q = 0; q < s; q++) {
        double[] y = h.clone();
        for (int r = 0; r < q; r++) {
          add(dt * a[q][r], k[r], y);
        }
        path.stages[step][q] = y;
        k[q] = times(w, phi(y), scale);
      }
      for (int q = 0; q < s; q++) {
        add(dt * b[q], k[q], h);
      }
    }
    path.end = h;
    return path;
  }

  private static void add(double factor, double[] x, double[] y) {
    for (int i = 0; i < y.length; i++) {
      y[i] += factor * x[i];
    }
  }

  /** f(x). */
  double[] outputs(double[] x) {
    return times(v, phi(solve(x).end), scale);
  }

  private static void outer(double factor, double[] a, double[] b, DenseMatrix sum) {
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b.length; j++) {
        sum.set(i, j, sum.get(i, j) + factor * a[i] * b[j]);
      }
    }
  }

  /** Adds the pullback of cotangents of f(x) to the sums. */
  private void pull(double[] x, Path path, double[] cotangents, Map<Block, DenseMatrix> sums) {
    double dt = 1.0 / depth;
    outer(scale, cotangents, phi(path.end), sums.get(Block.V));
    double[] lambda = transposed(v, cotangents, scale);
    for (int i = 0; i < n; i++) {
      lambda[i] *= slope(path.end[i]);
    }
    for (int step = depth - 1; step >= 0; step--) {
      double[][] nu = new double[b.length][];
      double[] before = lambda.clone();
      for (int q = nu.length - 1; q >= 0; q--) {
        double[] mu = new double[n];
        add(dt * b[q], lambda, mu);
        for (int r = q + 1; r < nu.length; r++) {
          add(dt * a[r][q], nu[r], mu);
        }
        double[] y = path.stages[step][q];
        outer(scale, mu, phi(y), sums.get(Block.W));
        nu[q] = transposed(w, mu, scale);
        for (int i = 0; i < n; i++) {
          nu[q][i] *= slope(y[i]);
        }
        add(1, nu[q], before);
      }
      lambda = before;
    }
    outer(scaleU, lambda, x, sums.get(Block.U));
  }

  private Map<Block, DenseMatrix> zeros() {
    Map<Block, DenseMatrix> sums = new EnumMap<>(Block.class);
    parameters().forEach((block, m) -> sums.put(block, DenseMatrix.zeros(m.rows(), m.columns())));
    return sums;
  }

  /** A loss with its gradient. */
  record Gradient(double loss, Map<Block, DenseMatrix> blocks) {}

  /** The loss of some samples, rows of x and y, and its gradient. */
  Gradient gradient(SampleLoss loss, DenseMatrix x, DenseMatrix y, int[] samples) {
    Map<Block, DenseMatrix> sums = zeros();
    double value = 0;
    for (int i : samples) {
      Path path = solve(row(x, i));
      double[] cotangents = new double[y.columns()];
      value += loss.of(times(v, phi(path.end), scale), row(y, i), cotangents);
      pull(row(x, i), path, cotangents, sums);
    }
    return new Gradient(value, sums);
  }

  /** The tangent kernel of some blocks, Nm×Nm, entry i·m + o being that of output o of row i. */
  DenseMatrix kernel(DenseMatrix x, Set<Block> blocks) {
    int m = v.rows();
    double[][] gradients = new double[x.rows() * m][];
    for (int i = 0; i < x.rows(); i++) {
      for (int o = 0; o < m; o++) {
        double[] unit = new double[m];
        unit[o] = 1;
        Map<Block, DenseMatrix> sums = zeros();
        pull(row(x, i), solve(row(x, i)), unit, sums);
        sums.keySet().retainAll(blocks);
        gradients[i * m + o] =
            sums.values().stream().flatMapToDouble(g -> Arrays.stream(g.values())).toArray();
      }
    }
    DenseMatrix kernel = DenseMatrix.zeros(gradients.length, gradients.length);
    for (int i = 0; i < gradients.length; i++) {
      for (int j = 0; j < gradients.length; j++) {
        double sum = 0;
        for (int p = 0; p < gradients[i].length; p++) {
          sum += gradients[i][p] * gradients[j][p];
        }
        kernel.set(i, j, sum);
      }
    }
    return kernel;
  }

  static double[] row(DenseMatrix matrix, int i) {
    double[] row = new double[matrix.columns()];
    for (int j = 0; j < row.length; j++) {
      row[j] = matrix.get(i, j);
    }
    return row;
  }

  /** How θ follows gradients: descent, momentum 0.8 or Adam with its usual constants. */
  static final class Rule {
    private final String name;
    private final double rate;
    private final Map<Block, double[]> first = new EnumMap<>(Block.class);
    private final Map<Block, double[]> second = new EnumMap<>(Block.class);
    private int steps;

    Rule(String name, double rate) {
      this.name = name;
      this.rate = rate;
    }

    /** One step of the blocks. */
    void apply(Map<Block, DenseMatrix> gradients, PlainTraining network, Set<Block> blocks) {
      steps++;
      for (Block block : blocks) {
        double[] g = gradients.get(block).values();
        double[] theta = network.parameters().get(block).values();
        double[] m = first.computeIfAbsent(block, unseen -> new double[g.length]);
        double[] s = second.computeIfAbsent(block, unseen -> new double[g.length]);
        for (int k = 0; k < g.length; k++) {
          theta[k] -= rate * direction(g[k], m, s, k);
        }
      }
    }

    private double direction(double g, double[] m, double[] s, int k) {
      return switch (name) {
        case "descent" -> g;
        case "momentum" -> {
          m[k] = 0.8 * m[k] + g;
          yield m[k];
        }
        default -> {
          m[k] = 0.9 * m[k] + 0.1 * g;
          s[k] = 0.999 * s[k] + 0.001 * g * g;
          double mean = m[k] / (1 - Math.pow(0.9, steps));
          double square = s[k] / (1 - Math.pow(0.999, steps));
          yield mean / (Math.sqrt(square) + 1e-8);
        }
      };
    }
  }

  /** λ_min and λ_max of a symmetric matrix by Jacobi's rotations. */
  static double[] extremes(DenseMatrix symmetric) {
    int order = symmetric.rows();
    DenseMatrix a = new DenseMatrix(order, order, symmetric.values().clone());
    for (int sweep = 0; sweep < 30; sweep++) {
      for (int p = 0; p < order; p++) {
        for (int q = p + 1; q < order; q++) {
          if (a.get(p, q) != 0) {
            rotate(a, p, q);
          }
        }
      }
    }
    double[] diagonal = new double[order];
    for (int i = 0; i < order; i++) {
      diagonal[i] = a.get(i, i);
    }
    Arrays.sort(diagonal);
    return new double[] {diagonal[0], diagonal[order - 1]};
  }

  private static void rotate(DenseMatrix a, int p, int q) {
    double theta = 0.5 * Math.atan2(2 * a.get(p, q), a.get(q, q) - a.get(p, p));
    double c = Math.cos(theta);
    double s = Math.sin(theta);
    for (int k = 0; k < a.rows(); k++) {
      double kp = a.get(k, p);
      double kq = a.get(k, q);
      a.set(k, p, c * kp - s * kq);
      a.set(k, q, s * kp + c * kq);
    }
    for (int k = 0; k < a.rows(); k++) {
      double pk = a.get(p, k);
      double qk = a.get(q, k);
      a.set(p, k, c * pk - s * qk);
      a.set(q, k, s * pk + c * qk);
    }
  }
}
