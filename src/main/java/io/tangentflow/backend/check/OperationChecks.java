package io.tangentflow.backend.check;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.DotProductSeries;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.backend.check.Trial.Both;
import io.tangentflow.backend.check.Trial.Side;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The checks of all operations of a backend, over sizes around those of vectors, warps and blocks
 * of threads. u is the unit roundoff of the tested precision; every sum of k terms errs by at most
 * (k + 1)u times the sum of their absolute values (Higham, <i>Accuracy and Stability of Numerical
 * Algorithms</i>, 2002, section 3.1), and a further factor of two covers the terms' own rounding.
 */
public final class OperationChecks {

  private static final int[][] SHAPES = {
    {1, 1}, {2, 3}, {3, 2}, {7, 1}, {31, 3}, {33, 2}, {127, 5}, {1000, 3}
  };

  /** Rows, columns and inner dimension. */
  private static final int[][] PRODUCTS = {
    {1, 1, 1}, {2, 7, 3}, {31, 33, 7}, {7, 2, 127}, {127, 31, 33}, {3, 127, 1000}
  };

  /** A factor on top of first-order bounds. */
  private static final double SAFETY = 2;

  private OperationChecks() {}

  /** In the order in which they build on each other. */
  public static List<OperationCheck> all() {
    return List.of(
        new OperationCheck(
            "allocate, upload, download",
            Set.of("allocate", "upload", "download"),
            OperationChecks::transfers),
        new OperationCheck("copy", Set.of("copy"), OperationChecks::copies),
        new OperationCheck("gaussian", Set.of("gaussian"), OperationChecks::gaussians),
        new OperationCheck("gemm", Set.of("gemm"), OperationChecks::products),
        new OperationCheck("syrk", Set.of("syrk"), OperationChecks::symmetricProducts),
        new OperationCheck("activate", Set.of("activate"), OperationChecks::activations),
        new OperationCheck("stage", Set.of("stage"), trial -> forward(trial, false)),
        new OperationCheck("step", Set.of("step"), trial -> forward(trial, true)),
        new OperationCheck("adjointStage", Set.of("adjointStage"), t -> adjoint(t, false)),
        new OperationCheck("adjointStep", Set.of("adjointStep"), t -> adjoint(t, true)),
        new OperationCheck("contract", Set.of("contract"), OperationChecks::contractions),
        new OperationCheck(
            "dotProductKernel", Set.of("dotProductKernel"), OperationChecks::dotProductKernels),
        new OperationCheck("addScaled", Set.of("addScaled"), OperationChecks::scaledSums),
        new OperationCheck("dot", Set.of("dot"), OperationChecks::innerProducts),
        new OperationCheck(
            "softmaxCrossEntropy",
            Set.of("softmaxCrossEntropy"),
            OperationChecks::softmaxCrossEntropies),
        new OperationCheck("adam", Set.of("adam"), OperationChecks::adamSteps),
        new OperationCheck("firstNonFinite", Set.of("firstNonFinite"), OperationChecks::nonFinite),
        new OperationCheck("repeat", Set.of("repeat"), OperationChecks::repetitions),
        new OperationCheck("ensemble", Set.of("ensemble"), OperationChecks::ensembles),
        new OperationCheck(
            "twoTimeKernels", Set.of("twoTimeKernels"), OperationChecks::twoTimeKernels));
  }

  private static void transfers(Trial trial) {
    for (int[] shape : SHAPES) {
      trial.begin();
      Matrix fresh = trial.testedWorkspace().allocate(shape[0], shape[1]);
      for (double zero : trial.testedWorkspace().backend().download(fresh).values()) {
        trial.compare(0, zero, 0);
      }
      trial.compare(trial.both(shape[0], shape[1]), 0);
      for (Both view :
          List.of(trial.apart(shape[0], shape[1]), trial.misaligned(shape[0], shape[1]))) {
        trial.compare(view, 0);
        DenseMatrix values = trial.normal(shape[0], shape[1]);
        trial.run(side -> side.backend().upload(values, side.of(view)), view);
        trial.compare(view, 0);
      }
    }
  }

  private static void copies(Trial trial) {
    for (int[] shape : SHAPES) {
      for (Precision precision : List.of(Precision.FP32, Precision.FP64)) {
        trial.begin();
        Both from = trial.apart(shape[0], shape[1]);
        Both to = trial.both(trial.normal(shape[0], shape[1]), precision);
        trial.run(side -> side.backend().copy(side.of(from), side.of(to)), to);
        trial.compare(to, precision.unitRoundoff());
        Both back = trial.misaligned(shape[0], shape[1]);
        trial.run(side -> side.backend().copy(side.of(to), side.of(back)), back);
        trial.compare(back, precision.unitRoundoff());
      }
    }
  }

  /** Two ulp of FP64 for another library's logarithm, sine and cosine; then one rounding. */
  private static void gaussians(Trial trial) {
    for (int[] shape : SHAPES) {
      for (long seed : new long[] {0, 0x123456789abcL}) {
        trial.begin();
        Both target = trial.misaligned(shape[0], shape[1]);
        trial.run(side -> side.backend().gaussian(side.of(target), seed, 2), target);
        double fp64 = 4 * Precision.FP64.unitRoundoff();
        double bound = trial.precision().single() ? trial.roundoff() + fp64 : fp64;
        trial.compare(target, bound);
        trial.begin();
        Both part = trial.misaligned(shape[0], shape[1]);
        long first = 1L << 34;
        trial.run(side -> side.backend().gaussian(side.of(part), seed, 2, first), part);
        trial.compare(part, bound);
      }
    }
  }

  private static void products(Trial trial) {
    for (int[] size : PRODUCTS) {
      for (Transpose transposeA : Transpose.values()) {
        for (Transpose transposeB : Transpose.values()) {
          for (double[] scales : new double[][] {{1, 0}, {-0.5, 2}}) {
            trial.begin();
            Both a = factor(trial, transposeA, size[0], size[2]);
            Both b = factor(trial, transposeB, size[2], size[1]);
            // With β = 0 the old C is not read, so nothing of a NaN may remain.
            boolean reads = scales[1] != 0;
            DenseMatrix start =
                Trial.map(trial.normal(size[0], size[1]), x -> reads ? x : Double.NaN);
            Both c = trial.apart(start);
            DenseMatrix bound = DenseMatrix.zeros(size[0], size[1]);
            DenseMatrix left = trial.reference(a);
            DenseMatrix right = trial.reference(b);
            trial.run(
                side ->
                    side.backend()
                        .gemm(
                            transposeA,
                            transposeB,
                            scales[0],
                            side.of(a),
                            side.of(b),
                            scales[1],
                            side.of(c)),
                c);
            double perTerm = productError(trial, size[2]) * Math.abs(scales[0]);
            for (int j = 0; j < size[1]; j++) {
              for (int i = 0; i < size[0]; i++) {
                double sum = 0;
                for (int l = 0; l < size[2]; l++) {
                  double x = transposeA == Transpose.NO ? left.get(i, l) : left.get(l, i);
                  double y = transposeB == Transpose.NO ? right.get(l, j) : right.get(j, l);
                  sum += Math.abs(x * y);
                }
                double old = reads ? Math.abs(scales[1] * start.get(i, j)) : 0;
                bound.set(i, j, perTerm * sum + 4 * trial.roundoff() * old);
              }
            }
            trial.compare(c, bound);
          }
        }
      }
    }
  }

  private static Both factor(Trial trial, Transpose transpose, int rows, int columns) {
    return transpose == Transpose.NO ? trial.both(rows, columns) : trial.both(columns, rows);
  }

  private static double productError(Trial trial, int terms) {
    return SAFETY * ((terms + 1) * trial.roundoff() + trial.factorRoundoff());
  }

  private static void symmetricProducts(Trial trial) {
    for (int[] shape : new int[][] {{1, 1}, {7, 3}, {1000, 31}, {33, 33}, {2, 127}}) {
      trial.begin();
      Both a = trial.apart(shape[0], shape[1]);
      Both c = trial.both(shape[1], shape[1]);
      trial.run(side -> side.backend().syrk(side.of(a), side.of(c)), c);
      DenseMatrix columns = Trial.map(trial.reference(a), Math::abs);
      DenseMatrix bound = DenseMatrix.zeros(shape[1], shape[1]);
      for (int j = 0; j < shape[1]; j++) {
        for (int i = 0; i < shape[1]; i++) {
          double sum = 0;
          for (int l = 0; l < shape[0]; l++) {
            sum += columns.get(l, i) * columns.get(l, j);
          }
          bound.set(i, j, productError(trial, shape[0]) * sum);
        }
      }
      trial.compare(c, bound);
    }
  }

  /**
   * A formula of a dozen roundings, of functions that are exact to four units in the last place.
   */
  private static double activationError(Trial trial) {
    return 32 * trial.roundoff();
  }

  /** Which output goes into the input's place. */
  private enum Place {
    NEITHER,
    FIRST,
    SECOND
  }

  private static void activations(Trial trial) {
    for (StandardActivation phi : StandardActivation.values()) {
      for (int[] shape : SHAPES) {
        for (Place place : Place.values()) {
          if (place == Place.FIRST && (shape[0] == 1 || phi == StandardActivation.IDENTITY)) {
            continue; // φ(h) = h in h's place shows nothing, and so may ReLU of one number.
          }
          trial.begin();
          DenseMatrix start = Trial.map(trial.normal(shape[0], shape[1]), x -> (float) (3 * x));
          Both h = trial.both(start);
          Both value = place == Place.FIRST ? h : trial.misaligned(shape[0], shape[1]);
          Both slope = place == Place.SECOND ? h : trial.both(shape[0], shape[1]);
          trial.run(
              side -> side.backend().activate(phi, side.of(h), side.of(value), side.of(slope)),
              value,
              slope);
          trial.compare(value, activationError(trial));
          trial.compare(slope, activationError(trial));
        }
      }
    }
  }

  private static void forward(Trial trial, boolean step) {
    for (StandardActivation phi : StandardActivation.values()) {
      for (int terms = 0; terms <= 6; terms++) {
        trial.begin();
        int[] shape = SHAPES[(terms + phi.label().length()) % SHAPES.length];
        Both h = trial.both(shape[0], shape[1]);
        List<Both> k = new ArrayList<>();
        for (int r = 0; r < terms; r++) {
          k.add(r == 1 ? trial.misaligned(shape[0], shape[1]) : trial.both(shape[0], shape[1]));
        }
        Both value = trial.both(shape[0], shape[1]);
        Both slope = trial.both(shape[0], shape[1]);
        DenseMatrix size = absoluteSum(trial, 1, h, k);
        boolean moves = step && terms > 0;
        Both[] outputs = moves ? new Both[] {h, value, slope} : new Both[] {value, slope};
        trial.run(
            side -> {
              if (step) {
                side.backend()
                    .step(phi, side.of(h), terms(side, k), side.of(value), side.of(slope));
              } else {
                side.backend()
                    .stage(phi, side.of(h), terms(side, k), side.of(value), side.of(slope));
              }
            },
            outputs);
        // The argument's error passes through φ' and φ'', no activation's beyond 2|y| + 2.
        double sum = SAFETY * (terms + 1) * trial.roundoff();
        DenseMatrix bound =
            Trial.map(size, s -> sum * s * (2 * s + 2) + activationError(trial) * (1 + s * s));
        trial.compare(value, bound);
        trial.compare(slope, bound);
        if (moves) {
          trial.compare(h, Trial.map(size, s -> sum * s));
        }
      }
    }
  }

  private static final double[] WEIGHTS = {0.5, -0.25, 0.125, 1, -1, 0.75};

  private static List<Term> terms(Side side, List<Both> matrices) {
    List<Term> terms = new ArrayList<>();
    for (int r = 0; r < matrices.size(); r++) {
      terms.add(new Term(WEIGHTS[r], side.of(matrices.get(r))));
    }
    return terms;
  }

  /** |w₀||base| + Σ |w_r||K_r|. */
  private static DenseMatrix absoluteSum(
      Trial trial, double weight, Both base, List<Both> matrices) {
    DenseMatrix sum = Trial.map(trial.reference(base), x -> Math.abs(weight * x));
    for (int r = 0; r < matrices.size(); r++) {
      double[] term = trial.reference(matrices.get(r)).values();
      for (int i = 0; i < term.length; i++) {
        sum.values()[i] += Math.abs(WEIGHTS[r] * term[i]);
      }
    }
    return sum;
  }

  private static void adjoint(Trial trial, boolean step) {
    for (int[] shape : SHAPES) {
      for (int terms : new int[] {0, 1, 3, 6}) {
        adjoint(trial, step, shape, terms, 1, true);
        adjoint(trial, step, shape, terms, 1, false);
        adjoint(trial, step, shape, terms, 3, false);
      }
    }
  }

  /**
   * One case.
   *
   * @param inPlace whether the next adjoint goes where the derivative was
   */
  private static void adjoint(
      Trial trial, boolean step, int[] shape, int terms, int outputs, boolean inPlace) {
    trial.begin();
    int n = shape[0];
    int columns = shape[1] * outputs;
    Both slope = trial.misaligned(n, shape[1]);
    Both nu = trial.both(n, columns);
    Both lambda = trial.both(n, columns);
    List<Both> others = new ArrayList<>();
    for (int r = 0; r < terms; r++) {
      others.add(trial.both(n, columns));
    }
    Both next = inPlace ? slope : trial.misaligned(n, columns);
    DenseMatrix size = absoluteSum(trial, 2, lambda, others);
    double[] d = trial.reference(slope).values();
    double[] pulled = trial.reference(nu).values();
    for (int e = 0; e < pulled.length; e++) {
      int column = e / n / outputs;
      size.values()[e] += Math.abs(pulled[e] * d[e % n + column * n]);
    }
    Both modified = step ? lambda : nu;
    trial.run(
        side -> {
          List<Term> all = new ArrayList<>(terms(side, others));
          if (step) {
            side.backend()
                .adjointStep(side.of(slope), side.of(nu), all, side.of(lambda), 0.5, side.of(next));
          } else {
            all.add(new Term(1, side.of(nu)));
            side.backend()
                .adjointStage(side.of(slope), side.of(nu), -2, side.of(lambda), all, side.of(next));
          }
        },
        modified,
        next);
    DenseMatrix bound = Trial.map(size, s -> SAFETY * (terms + 4) * trial.roundoff() * s);
    trial.compare(modified, bound);
    trial.compare(next, bound);
  }

  private static void contractions(Trial trial) {
    for (int outputs : new int[] {1, 3}) {
      for (int[] size : new int[][] {{1, 1, 1}, {7, 33, 2}, {127, 31, 5}}) {
        trial.begin();
        int rows = size[0] * outputs;
        int columns = size[1] * outputs;
        Both p = trial.both(rows, columns * size[2]);
        Both r = trial.both(size[0], size[1] * size[2]);
        Both k = trial.both(trial.normal(rows, columns), Precision.FP64);
        trial.run(side -> side.backend().contract(side.of(p), side.of(r), side.of(k)), k);
        // Numbers of a few units, summed in FP64 whatever the precision.
        trial.compare(k, 64 * (size[2] + 1) * Precision.FP64.unitRoundoff());
      }
    }
  }

  /** Clenshaw's rounding grows with the number of terms at the ends of the interval. */
  private static void dotProductKernels(Trial trial) {
    for (DotProductSeries.Argument argument : DotProductSeries.Argument.values()) {
      for (int[] form : new int[][] {{1, 1}, {2, 3}, {5, 1}, {40, 1}, {17, 6}}) {
        for (int[] shape : SHAPES) {
          for (boolean inPlace : new boolean[] {false, true}) {
            dotProductKernel(trial, argument, form[0], form[1], shape, inPlace);
          }
        }
      }
    }
  }

  private static void dotProductKernel(
      Trial trial,
      DotProductSeries.Argument argument,
      int terms,
      int rank,
      int[] shape,
      boolean inPlace) {
    trial.begin();
    DenseMatrix l = Trial.map(trial.normal(shape[0], rank), z -> (float) Math.sin(z));
    DenseMatrix r = trial.normal(argument.branches() * terms * rank, shape[1]);
    double size = 0;
    for (int j = 0; j < r.columns(); j++) {
      double column = 0;
      for (int i = 0; i < r.rows(); i++) {
        r.set(i, j, (float) (r.get(i, j) * Math.pow(0.8, i / rank % terms)));
        column += Math.abs(r.get(i, j));
      }
      size = Math.max(size, column);
    }
    // Multiples of 1/64, of which 1 − |ρ| is exact: the fourth root would magnify its rounding.
    DenseMatrix x =
        Trial.map(trial.normal(shape[0], shape[1]), z -> Math.rint(64 * Math.sin(z)) / 64);
    Both rho = inPlace ? trial.both(x) : trial.apart(x);
    Both left = trial.both(l);
    Both right = trial.both(r);
    Both result = inPlace ? rho : trial.both(shape[0], shape[1]);
    trial.run(
        side ->
            side.backend()
                .dotProductKernel(
                    side.of(rho),
                    new DotProductSeries(argument, side.of(left), side.of(right)),
                    side.of(result)),
        result);
    trial.compare(result, 8 * (terms + rank) * trial.roundoff() * size);
  }

  private static void scaledSums(Trial trial) {
    for (int[] shape : SHAPES) {
      for (Precision precision : List.of(Precision.FP32, Precision.FP64)) {
        trial.begin();
        DenseMatrix term = Trial.map(trial.normal(shape[0], shape[1]), x -> (float) x);
        Both source = trial.both(term, precision);
        Both target = trial.apart(shape[0], shape[1]);
        DenseMatrix size = Trial.map(trial.reference(target), Math::abs);
        for (int i = 0; i < size.values().length; i++) {
          size.values()[i] += 0.75 * Math.abs(term.values()[i]);
        }
        trial.run(
            side -> side.backend().addScaled(-0.75, side.of(source), side.of(target)), target);
        trial.compare(target, Trial.map(size, s -> SAFETY * 2 * trial.roundoff() * s));
      }
    }
  }

  private static void innerProducts(Trial trial) {
    for (int[] shape : SHAPES) {
      trial.begin();
      Both a = trial.apart(shape[0], shape[1]);
      Both b = trial.both(shape[0], shape[1]);
      double[] answers = new double[2];
      int[] at = new int[1];
      trial.run(side -> answers[at[0]++] = side.backend().dot(side.of(a), side.of(b)));
      double[] x = trial.reference(a).values();
      double[] y = trial.reference(b).values();
      double size = 0;
      for (int i = 0; i < x.length; i++) {
        size += Math.abs(x[i] * y[i]);
      }
      trial.compare(
          answers[1], answers[0], SAFETY * (x.length + 1) * Precision.FP64.unitRoundoff() * size);
    }
  }

  /** Logits of a few units and of thousands, whose softmax is nearly a vertex. */
  private static void softmaxCrossEntropies(Trial trial) {
    for (int[] shape : SHAPES) {
      for (double size : new double[] {3, 3000}) {
        softmaxCrossEntropy(trial, shape[0], shape[1], size, false);
        softmaxCrossEntropy(trial, shape[0], shape[1], size, true);
      }
    }
    // More columns than a device's blocks take at once.
    softmaxCrossEntropy(trial, 3, 5000, 3, false);
  }

  /**
   * All of it is computed in FP64, and the cotangents rounded once. The terms of the loss are
   * positive, so its relative error is that of a sum of as many terms; sums over the rows of a
   * column enter the softmax.
   */
  private static void softmaxCrossEntropy(
      Trial trial, int rows, int columns, double size, boolean inPlace) {
    trial.begin();
    DenseMatrix f = Trial.map(trial.normal(rows, columns), z -> (float) (size * z));
    Both logits = trial.both(f);
    Both targets = trial.misaligned(distributions(trial, rows, columns));
    Both cotangents = inPlace ? logits : trial.misaligned(rows, columns);
    double[] losses = new double[2];
    int[] at = new int[1];
    trial.run(
        side ->
            losses[at[0]++] =
                side.backend()
                    .softmaxCrossEntropy(side.of(logits), side.of(targets), side.of(cotangents)),
        cotangents);
    double fp64 = Precision.FP64.unitRoundoff();
    trial.compare(
        losses[1], losses[0], SAFETY * (rows * columns + 32) * fp64 * Math.abs(losses[1]));
    trial.compare(
        cotangents,
        Trial.map(
            trial.reference(cotangents),
            g -> SAFETY * ((rows + 32) * fp64 + trial.roundoff() * Math.abs(g))));
  }

  /** Positive numbers whose columns sum to one, up to the rounding of each to FP32. */
  private static DenseMatrix distributions(Trial trial, int rows, int columns) {
    DenseMatrix t = Trial.map(trial.normal(rows, columns), Math::exp);
    for (int j = 0; j < columns; j++) {
      double sum = 0;
      for (int o = 0; o < rows; o++) {
        sum += t.get(o, j);
      }
      for (int o = 0; o < rows; o++) {
        t.set(o, j, (float) (t.get(o, j) / sum));
      }
    }
    return t;
  }

  /** First, middle and late steps, and an ε that is lost beside the root and one that is not. */
  private static void adamSteps(Trial trial) {
    for (int[] shape : SHAPES) {
      for (long step : new long[] {1, 30, 1L << 40}) {
        adam(trial, shape, new AdamStep(0.125, 0.9, 0.999, 1e-8, step));
        adam(trial, shape, new AdamStep(-0.5, 0.5, 0.75, 0.25, step));
      }
      adam(trial, shape, new AdamStep(0.125, 0, 0, 0.25, 1));
    }
  }

  /**
   * With the roundings of constants, m has three, relative to the sizes of its terms, and v four.
   * The update has twelve: those of m, half of those of v, and one each of the root, rootScale,
   * their product, the sum with ε, rate, its product with m, and the quotient. One more adds it.
   */
  private static void adam(Trial trial, int[] shape, AdamStep step) {
    trial.begin();
    Both gradient = trial.both(shape[0], shape[1]);
    Both first = trial.both(shape[0], shape[1]);
    Both second = trial.both(Trial.map(trial.normal(shape[0], shape[1]), z -> (float) (z * z)));
    Both parameter = trial.misaligned(shape[0], shape[1]);
    double[] g = trial.reference(gradient).values();
    double[] m = trial.reference(first).values();
    double[] theta = trial.reference(parameter).values();
    trial.run(
        side ->
            side.backend()
                .adam(step, side.of(gradient), side.of(first), side.of(second), side.of(parameter)),
        first,
        second,
        parameter);
    double u = SAFETY * trial.roundoff();
    double[] v = trial.reference(second).values();
    DenseMatrix ofFirst = DenseMatrix.zeros(shape[0], shape[1]);
    DenseMatrix ofParameter = DenseMatrix.zeros(shape[0], shape[1]);
    for (int i = 0; i < g.length; i++) {
      double size = step.beta1() * Math.abs(m[i]) + (1 - step.beta1()) * Math.abs(g[i]);
      double root = Math.sqrt(v[i]) * step.rootScale() + step.epsilon();
      ofFirst.values()[i] = 3 * u * size;
      ofParameter.values()[i] = u * (Math.abs(theta[i]) + 12 * Math.abs(step.rate()) * size / root);
    }
    trial.compare(first, ofFirst);
    trial.compare(second, Trial.map(trial.reference(second), x -> 4 * u * x));
    trial.compare(parameter, ofParameter);
  }

  private static void nonFinite(Trial trial) {
    for (int[] shape : SHAPES) {
      int size = shape[0] * shape[1];
      for (int at : new int[] {-1, 0, size / 2, size - 1}) {
        trial.begin();
        DenseMatrix values = trial.normal(shape[0], shape[1]);
        if (at >= 0) {
          values.values()[at] = at % 2 == 0 ? Double.NaN : Double.NEGATIVE_INFINITY;
          values.values()[size - 1] = Double.POSITIVE_INFINITY;
        }
        Both m = trial.both(values);
        long[] found = new long[2];
        int[] side = new int[1];
        trial.run(s -> found[side[0]++] = s.backend().firstNonFinite(s.of(m)).orElse(-1));
        trial.compare(at, (double) found[0], 0);
        trial.compare(at, (double) found[1], 0);
      }
    }
  }

  /** Sums of powers of two are exact. */
  private static void repetitions(Trial trial) {
    for (int times : new int[] {0, 1, 2, 3, 9, 20}) {
      trial.begin();
      Both sum = trial.both(DenseMatrix.zeros(33, 3));
      Both one = trial.both(Trial.filled(33, 3, 1));
      trial.run(
          side ->
              side.backend()
                  .repeat(times, () -> side.backend().addScaled(0.25, side.of(one), side.of(sum))),
          times == 0 ? new Both[0] : new Both[] {sum});
      trial.compare(sum, 0);
    }
  }

  /** Every activation, and widths and samples on either side of where a device changes its way. */
  private static void ensembles(Trial trial) {
    for (Ensemble.Method method : Ensemble.Method.values()) {
      for (StandardActivation phi : StandardActivation.values()) {
        for (int samples : new int[] {2, 9}) {
          ensemble(trial, method, 33, phi, samples);
        }
      }
      for (int width : new int[] {1, 7, 100, 129, 257, Ensemble.GREATEST_WIDTH}) {
        for (int samples : new int[] {1, 3, 9}) {
          ensemble(trial, method, width, StandardActivation.TANH, samples);
        }
      }
    }
  }

  /**
   * Rounding errors of either sign grow like √n u in a product (Higham and Mary, <i>SIAM J. Sci.
   * Comput.</i> 41, 2019), of which eight standard deviations are allowed, and a few u in each
   * stage. The flow carries them to the horizon at most exp(‖W‖ σw/√n · sup|φ'| · T) times as
   * large, ‖W‖ ≈ 2√n; the quadratic's slope is bounded over the states of these networks.
   */
  private static void ensemble(
      Trial trial, Ensemble.Method method, int width, StandardActivation phi, int samples) {
    trial.begin();
    NeuralOde model = new NeuralOde(5, width, 2, 0.25, 1, 0.5, 1, phi);
    int depth = 3;
    Ensemble ensemble = new Ensemble(model, method, depth, 11, 3);
    Both x = trial.both(5, samples);
    Both f = trial.both(2 * samples, 3);
    trial.run(
        side -> side.backend().ensemble(ensemble, side.of(x), side.of(f), side.workspace()), f);
    double growth = Math.exp(2 * model.sigmaW() * model.horizon() * phi.lipschitz().orElse(8));
    int stages = depth * (method == Ensemble.Method.EULER ? 1 : 4);
    double roundings = 8 * Math.sqrt(width) + 8 * stages + 16;
    trial.compare(f, growth * (roundings * trial.roundoff() + 8 * trial.factorRoundoff()));
  }

  /**
   * Equations that contract by a half, for either dual: ReLU's at covariances away from the kink of
   * φ', and the sine's, by the first terms of its series.
   */
  private static void twoTimeKernels(Trial trial) {
    for (TwoTimeEquations.Dual dual : TwoTimeEquations.Dual.values()) {
      for (int times : new int[] {1, 4, 9}) {
        for (int pairs : new int[] {1, 33}) {
          trial.begin();
          DenseMatrix before = DenseMatrix.zeros(times, times);
          DenseMatrix after = DenseMatrix.zeros(times, times);
          for (int i = 0; i < times; i++) {
            for (int j = 0; j < times; j++) {
              double part = (j == i ? 0.5 : 1.0) / times;
              before.set(i, j, j <= i ? part : 0);
              after.set(i, j, j >= i ? part : 0);
            }
          }
          int inputs = 3;
          DenseMatrix tau = DenseMatrix.zeros(times + 1, inputs);
          for (int e = 0; e < tau.values().length; e++) {
            int input = e / (times + 1);
            tau.values()[e] = 1 + (e % (times + 1) + 0.25 * input) / (times + 1);
          }
          int[] first = new int[pairs];
          int[] second = new int[pairs];
          DenseMatrix start = DenseMatrix.zeros(1, pairs);
          for (int pair = 0; pair < pairs; pair++) {
            first[pair] = pair % inputs;
            second[pair] = pair / 2 % inputs;
            start.set(0, pair, 0.7 * Math.cos(pair + 1));
          }
          Both fromStart = trial.both(before);
          Both toEnd = trial.both(after);
          Both weights = trial.both(Trial.filled(times, 1, 1.0 / times));
          Both values = trial.both(sineSeries(tau, 1));
          Both derivatives = trial.both(sineSeries(tau, 0));
          Both deviations = trial.both(tau);
          Both starts = trial.both(start);
          Both result = trial.both(3, pairs);
          trial.run(
              side ->
                  side.backend()
                      .twoTimeKernels(
                          new TwoTimeEquations(
                              dual,
                              side.of(fromStart),
                              side.of(toEnd),
                              side.of(weights),
                              0.5,
                              1.5,
                              100,
                              side.of(values),
                              side.of(derivatives),
                              side.of(deviations),
                              first,
                              second,
                              side.of(starts)),
                          side.of(result),
                          side.workspace()),
              result);
          trial.compare(result, 256 * trial.roundoff());
        }
      }
    }
  }

  /**
   * The Hermite coefficients ±e^(−τ²/2) τ^k/√k! of z ↦ sin τz, k odd, or of z ↦ cos τz, k even: one
   * column for each τ.
   */
  private static DenseMatrix sineSeries(DenseMatrix deviations, int parity) {
    int terms = 24;
    DenseMatrix series = DenseMatrix.zeros(terms, deviations.values().length);
    for (int column = 0; column < series.columns(); column++) {
      double tau = deviations.values()[column];
      double term = Math.exp(-tau * tau / 2);
      for (int k = 0; k < terms; k++) {
        if (k % 2 == parity) {
          series.set(k, column, k / 2 % 2 == 0 ? term : -term);
        }
        term *= tau / Math.sqrt(k + 1);
      }
    }
    return series;
  }
}
