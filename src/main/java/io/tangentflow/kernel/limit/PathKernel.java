package io.tangentflow.kernel.limit;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Pairs, spheres and Grams out of two steps: the path of one input alone, and a pair of paths.
 *
 * @param <P> what is known of one input's variances over time
 */
abstract class PathKernel<P> implements LimitingKernel {

  private static final double EQUAL_NORMS = 1e-12;
  private static final double ROUNDING = 1e-10;

  /** The relative rounding error of a series of some hundred terms. */
  private static final double ROUNDED_SERIES = 64 * Math.ulp(1.0);

  /** A table costs some hundred pairs. */
  private static final long TABLE_PAYS = 400;

  final NeuralOde ode;
  final DualActivation dual;
  private P unitPath;

  PathKernel(NeuralOde ode) {
    this.ode = ode;
    this.dual = DualActivation.of(ode.activation());
  }

  /** The path of an input of norm ‖x‖²/d. */
  abstract P path(double normSqOverD);

  /** The kernels of two inputs with x·x̄/d, admissible. */
  abstract LimitValue pair(P x, P y, double dotOverD);

  /** Errors of dual activations and rounding, relative to a kernel's scale, grown by the flow. */
  final double relativeError(Marginal u, Marginal v) {
    double value =
        dual.valueError(u, v)
            / Math.sqrt(dual.value(u, u, u.variance()) * dual.value(v, v, v.variance()));
    double derivative =
        dual.derivativeError(u, v)
            / Math.sqrt(dual.derivative(u, u, u.variance()) * dual.derivative(v, v, v.variance()));
    double worst = Math.max(ROUNDED_SERIES, Math.max(orZero(value), orZero(derivative)));
    return worst * (1 + 2 * ode.sigmaW() * ode.horizon());
  }

  /** A quotient of errors; 0/0 where a kernel vanishes with its error. */
  private static double orZero(double quotient) {
    return Double.isFinite(quotient) ? quotient : 0;
  }

  @Override
  public final LimitValue pair(double normSqOverDx, double normSqOverDy, double dotOverD) {
    double product = normProduct(normSqOverDx, normSqOverDy);
    double rho = correlation(product, dotOverD);
    if (dual.homogeneous()) {
      return finite(pair(unitPath(), unitPath(), rho).times(product));
    }
    P x = path(normSqOverDx);
    P y = normSqOverDy == normSqOverDx ? x : path(normSqOverDy);
    return finite(pair(x, y, rho * product));
  }

  @Override
  public final CorrelationTable onSphere(double normSqOverD) {
    P x = path(normSqOverD);
    return table(x, x, normSqOverD);
  }

  @Override
  public final LimitGram gram(DenseMatrix inputs, ForkJoinPool pool, LongConsumer finishedPairs) {
    if (inputs.rows() != ode.inputDim()) {
      throw new InvalidConfiguration(
          "--input-dim", "is " + ode.inputDim() + " but the samples have " + inputs.rows());
    }
    return pool.submit(() -> new Assembly(inputs, finishedPairs).gram()).join();
  }

  private CorrelationTable table(P x, P y, double product) {
    return dual.smooth()
        ? CorrelationTable.ofSmooth(rho -> finite(pair(x, y, rho * product)))
        : CorrelationTable.ofKinked(rho -> finite(pair(x, y, rho * product)));
  }

  private LimitValue finite(LimitValue k) {
    if (!Double.isFinite(k.nngp()) || !Double.isFinite(k.ntk())) {
      throw overflow();
    }
    return k;
  }

  final InvalidConfiguration overflow() {
    return new InvalidConfiguration(
        "--horizon",
        String.format(
            "the limiting kernel of %s with sigma-u = %g, sigma-w = %g and sigma-v = %g overflows at"
                + " T = %g; shorten --horizon or lower the scales",
            ode.activation().label(), ode.sigmaU(), ode.sigmaW(), ode.sigmaV(), ode.horizon()));
  }

  private synchronized P unitPath() {
    if (unitPath == null) {
      unitPath = path(1);
    }
    return unitPath;
  }

  /** √(‖x‖²‖x̄‖²)/d; exact for equal norms. */
  private static double normProduct(double normSqOverDx, double normSqOverDy) {
    if (!(normSqOverDx >= 0 && normSqOverDy >= 0)) {
      throw new IllegalArgumentException(
          "‖x‖²/d must not be negative: " + normSqOverDx + ", " + normSqOverDy);
    }
    return normSqOverDx == normSqOverDy
        ? normSqOverDx
        : Math.sqrt(normSqOverDx) * Math.sqrt(normSqOverDy);
  }

  private static double correlation(double product, double dotOverD) {
    if (!(Math.abs(dotOverD) <= product * (1 + ROUNDING))) {
      throw new IllegalArgumentException(
          "|x·x̄|/d = " + Math.abs(dotOverD) + " exceeds ‖x‖‖x̄‖/d = " + product);
    }
    return product == 0 ? 0 : Math.max(-1, Math.min(1, dotOverD / product));
  }

  /** One Gram in the making. */
  private final class Assembly {

    private final DenseMatrix inputs;
    private final LongConsumer finishedPairs;
    private final int n;
    private final double[] norms;
    private final int[] group;
    private final List<Double> groupNorms = new ArrayList<>();
    private final List<P> paths = new ArrayList<>();
    private long finished;

    Assembly(DenseMatrix inputs, LongConsumer finishedPairs) {
      this.inputs = inputs;
      this.finishedPairs = finishedPairs;
      n = inputs.columns();
      norms = IntStream.range(0, n).mapToDouble(i -> dotOverD(i, i)).toArray();
      group = new int[n];
      if (dual.homogeneous()) {
        groupNorms.add(1.0);
      } else {
        groupByNorm();
      }
      for (double norm : groupNorms) {
        paths.add(path(norm));
      }
    }

    LimitGram gram() {
      List<List<CorrelationTable>> tables = tables();
      DenseMatrix nngp = DenseMatrix.zeros(n, n);
      DenseMatrix ntk = DenseMatrix.zeros(n, n);
      double[] nngpErrors = new double[n];
      double[] ntkErrors = new double[n];
      IntStream.range(0, n)
          .parallel()
          .forEach(
              i -> {
                for (int j = 0; j <= i; j++) {
                  LimitValue k = value(i, j, tables);
                  nngp.set(i, j, k.nngp());
                  nngp.set(j, i, k.nngp());
                  ntk.set(i, j, k.ntk());
                  ntk.set(j, i, k.ntk());
                  nngpErrors[i] = Math.max(nngpErrors[i], k.nngpError());
                  ntkErrors[i] = Math.max(ntkErrors[i], k.ntkError());
                }
                report(i + 1);
              });
      return new LimitGram(
          nngp,
          ntk,
          Arrays.stream(nngpErrors).max().orElse(0),
          Arrays.stream(ntkErrors).max().orElse(0));
    }

    private LimitValue value(int i, int j, List<List<CorrelationTable>> tables) {
      double product = normProduct(norms[i], norms[j]);
      double rho = i == j && product > 0 ? 1 : correlation(product, dotOverD(i, j));
      int g = Math.max(group[i], group[j]);
      int h = Math.min(group[i], group[j]);
      CorrelationTable table = tables.get(g).get(h);
      LimitValue k =
          table != null
              ? table.at(rho)
              : pair(
                  paths.get(g),
                  paths.get(h),
                  rho * normProduct(groupNorms.get(g), groupNorms.get(h)));
      return finite(dual.homogeneous() ? k.times(product) : k);
    }

    private synchronized void report(int pairs) {
      finished += pairs;
      finishedPairs.accept(finished);
    }

    private void groupByNorm() {
      List<Integer> ascending =
          IntStream.range(0, n).boxed().sorted(Comparator.comparingDouble(i -> norms[i])).toList();
      for (int i : ascending) {
        int last = groupNorms.size() - 1;
        if (last < 0 || norms[i] > groupNorms.get(last) * (1 + EQUAL_NORMS)) {
          groupNorms.add(norms[i]);
          last++;
        }
        group[i] = last;
      }
    }

    /** For groups g ≥ h a table at [g][h], or null where pairs are too few. */
    private List<List<CorrelationTable>> tables() {
      long[] members = new long[groupNorms.size()];
      for (int g : group) {
        members[g]++;
      }
      List<List<CorrelationTable>> tables = new ArrayList<>();
      for (int g = 0; g < members.length; g++) {
        List<CorrelationTable> row = new ArrayList<>();
        for (int h = 0; h <= g; h++) {
          long pairs = g == h ? members[g] * (members[g] + 1) / 2 : members[g] * members[h];
          row.add(
              pairs < TABLE_PAYS
                  ? null
                  : table(
                      paths.get(g),
                      paths.get(h),
                      normProduct(groupNorms.get(g), groupNorms.get(h))));
        }
        tables.add(row);
      }
      return tables;
    }

    private double dotOverD(int i, int j) {
      int d = inputs.rows();
      double[] x = inputs.values();
      double sum = 0;
      for (int k = 0; k < d; k++) {
        sum += x[i * d + k] * x[j * d + k];
      }
      return sum / d;
    }
  }
}
