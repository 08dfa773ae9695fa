package io.tangentflow.kernel.limit;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.backend.TwoTimeEquations.Dual;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.HermiteDual;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleFunction;
import java.util.stream.Stream;

/**
 * The two-time equations of many pairs of inputs as a backend takes them: the variances of each
 * input are computed here, once for each norm, with the tables of its dual activation; what depends
 * on a pair is left to {@link io.tangentflow.backend.Backend#twoTimeKernels}.
 *
 * <p>{@link ContinuumLimit} and {@link FiniteDepthLimit} solve the same equations pair by pair and
 * estimate the error; here the number of nodes is the caller's choice.
 */
public final class TwoTimeBatch {

  private static final int MOST_ITERATIONS = 400;

  private final NeuralOde ode;
  private final DenseMatrix fromStart;
  private final DenseMatrix toEnd;
  private final DenseMatrix weights;
  private final double kappa;
  private final int iterations;

  /** The marginals of u at the times and at the end, for ‖x‖²/d. */
  private final DoubleFunction<Marginal[]> path;

  private final boolean relu;
  private final HermiteDual hermite;
  private final Map<Double, List<Marginal>> known = new ConcurrentHashMap<>();

  private TwoTimeBatch(
      NeuralOde ode,
      DenseMatrix fromStart,
      DenseMatrix toEnd,
      DenseMatrix weights,
      double flow,
      int iterations,
      DoubleFunction<Marginal[]> path) {
    this.ode = ode;
    this.fromStart = fromStart;
    this.toEnd = toEnd;
    this.weights = weights;
    this.kappa = flow * flow;
    this.iterations = iterations;
    this.path = path;
    relu = ode.activation() == StandardActivation.RELU;
    hermite = new HermiteDual(ode.activation());
  }

  /** A pair of inputs, by ‖x‖²/d, ‖x̄‖²/d and x·x̄/d. */
  public record InputPair(double normSqOverDx, double normSqOverDy, double dotOverD) {}

  /**
   * The continuum, collocated at that many Gauss–Legendre nodes. The width of {@code ode} is of no
   * account.
   *
   * @throws InvalidConfiguration for a φ with a kink: its kernels have one at equal times, which
   *     these nodes do not resolve
   */
  public static TwoTimeBatch continuum(NeuralOde ode, int nodes) {
    DualActivation dual = DualActivation.of(ode.activation());
    if (!dual.smooth()) {
      throw new InvalidConfiguration(
          "--activation",
          ode.activation().label()
              + " has a kink, so its limit in the continuum is computed pair by pair; choose a"
              + " finite depth or a smooth activation");
    }
    SquareGrid grid = TwoTimeGrid.square(nodes);
    TwoTimeSolver solver = new TwoTimeSolver(ode, dual, grid, 0);
    return new TwoTimeBatch(
        ode,
        DenseMatrix.ofRows(nodes, nodes, i -> grid.toNode[i]),
        DenseMatrix.ofRows(nodes, nodes, i -> grid.fromNode[i]),
        new DenseMatrix(nodes, 1, grid.rule.weights.clone()),
        ode.sigmaW() * ode.horizon(),
        MOST_ITERATIONS,
        norm ->
            solver
                .process(norm, Optional.empty())
                .orElseThrow(
                    () ->
                        new InvalidConfiguration(
                            "--horizon",
                            String.format(
                                "the limiting kernel of %s with sigma-w = %g blows up before T ="
                                    + " %g; shorten --horizon or lower --sigma-w",
                                ode.activation().label(), ode.sigmaW(), ode.horizon())))
                .marginals());
  }

  /**
   * The network of Euler's method with {@code depth} steps L. An iteration costs L³, and L + 1 of
   * them are exact; {@link FiniteDepthLimit} costs L² a pair. The width of {@code ode} is of no
   * account.
   *
   * @throws InvalidConfiguration for a φ with a kink other than ReLU: its series would be cut short
   */
  public static TwoTimeBatch finiteDepth(NeuralOde ode, int depth) {
    if (!ode.activation().smooth() && ode.activation() != StandardActivation.RELU) {
      throw new InvalidConfiguration(
          "--activation",
          ode.activation().label()
              + " has a kink, and of those backends limit relu alone; its limit is computed pair by"
              + " pair");
    }
    FiniteDepthLimit limit = new FiniteDepthLimit(ode, depth);
    return new TwoTimeBatch(
        ode,
        ones(depth, (i, j) -> j < i),
        ones(depth, (i, j) -> j > i),
        DenseMatrix.ofRows(depth, 1, i -> new double[] {1}),
        ode.sigmaW() * ode.horizon() / depth,
        depth + 2,
        limit::path);
  }

  private interface Where {
    boolean is(int i, int j);
  }

  private static DenseMatrix ones(int order, Where where) {
    DenseMatrix m = DenseMatrix.zeros(order, order);
    for (int j = 0; j < order; j++) {
      for (int i = 0; i < order; i++) {
        m.set(i, j, where.is(i, j) ? 1 : 0);
      }
    }
    return m;
  }

  /** The equations of those pairs, their matrices allocated in the workspace. */
  public TwoTimeEquations equations(List<InputPair> pairs, Workspace workspace) {
    Map<Double, Integer> indices = new LinkedHashMap<>();
    int[] first = new int[pairs.size()];
    int[] second = new int[pairs.size()];
    double[] starts = new double[pairs.size()];
    for (int i = 0; i < first.length; i++) {
      InputPair pair = pairs.get(i);
      first[i] = index(indices, pair.normSqOverDx());
      second[i] = index(indices, pair.normSqOverDy());
      starts[i] = ode.sigmaU() * ode.sigmaU() * pair.dotOverD();
    }
    List<Marginal> marginals = new ArrayList<>();
    List<double[]> values = new ArrayList<>();
    List<double[]> derivatives = new ArrayList<>();
    for (List<Marginal> input : inputs(indices.keySet())) {
      marginals.addAll(input);
      if (!relu) {
        for (Marginal table : input) {
          values.add(hermite.valueCoefficients(table));
          derivatives.add(hermite.derivativeCoefficients(table));
        }
      }
    }
    Precision precision = workspace.backend().precision();
    int terms = Math.max(terms(values, precision), terms(derivatives, precision));
    double[] deviations = marginals.stream().mapToDouble(Marginal::deviation).toArray();
    int times = weights.rows() + 1;
    return new TwoTimeEquations(
        relu ? Dual.ARC_COSINE : Dual.HERMITE,
        workspace.upload(fromStart),
        workspace.upload(toEnd),
        workspace.upload(weights),
        kappa,
        ode.sigmaV() * ode.sigmaV(),
        iterations,
        workspace.upload(table(values, terms)),
        workspace.upload(table(derivatives, terms)),
        workspace.upload(new DenseMatrix(times, indices.size(), deviations)),
        first,
        second,
        workspace.upload(new DenseMatrix(1, starts.length, starts)));
  }

  /** The dual whose series the equations carry; a closed form has errors of rounding only. */
  DualActivation dual() {
    return relu ? DualActivation.of(ode.activation()) : hermite;
  }

  /** What is known of u at the end, for an input of that ‖x‖²/d. */
  Marginal atEnd(double normSqOverD) {
    List<Marginal> input = inputs(Set.of(normSqOverD)).get(0);
    return input.get(input.size() - 1);
  }

  /**
   * The marginals at the times and at the end, for each ‖x‖²/d. They are computed once, and series
   * that are to be summed with longer ones once more.
   */
  private List<List<Marginal>> inputs(Set<Double> norms) {
    List<Double> missing = norms.stream().filter(norm -> !known.containsKey(norm)).toList();
    missing.parallelStream().forEach(norm -> known.put(norm, input(norm)));
    List<List<Marginal>> inputs = norms.stream().map(known::get).toList();
    if (relu || inputs.stream().mapToInt(this::terms).distinct().count() <= 1) {
      return inputs;
    }
    List<Marginal> even = hermite.marginals(variances(inputs.stream().flatMap(List::stream)));
    List<List<Marginal>> evened = new ArrayList<>();
    int size = weights.rows() + 1;
    for (double norm : norms) {
      List<Marginal> input = even.subList(evened.size() * size, (evened.size() + 1) * size);
      known.put(norm, input);
      evened.add(input);
    }
    return evened;
  }

  private List<Marginal> input(double normSqOverD) {
    List<Marginal> marginals = List.of(path.apply(normSqOverD));
    return relu ? marginals : hermite.marginals(variances(marginals.stream()));
  }

  private int terms(List<Marginal> input) {
    return hermite.valueCoefficients(input.get(0)).length;
  }

  private static double[] variances(Stream<Marginal> marginals) {
    return marginals.mapToDouble(Marginal::variance).toArray();
  }

  private static int index(Map<Double, Integer> inputs, double norm) {
    return inputs.computeIfAbsent(norm, unseen -> inputs.size());
  }

  /**
   * How many terms of the series matter: by Cauchy–Schwarz what two of them leave out is at most
   * the product of the norms of what each leaves out, which is to be rounding.
   */
  private static int terms(List<double[]> series, Precision precision) {
    int terms = 1;
    for (double[] alpha : series) {
      double square = 0;
      for (double a : alpha) {
        square += a * a;
      }
      double enough = 0.125 * precision.unitRoundoff() * square;
      double left = 0;
      int k = alpha.length;
      while (k > 1 && left + alpha[k - 1] * alpha[k - 1] <= enough) {
        left += alpha[k - 1] * alpha[k - 1];
        k--;
      }
      terms = Math.max(terms, k);
    }
    return terms;
  }

  /** The series as columns, cut or filled up with zeros to that many terms. */
  private static DenseMatrix table(List<double[]> series, int terms) {
    DenseMatrix table = DenseMatrix.zeros(terms, Math.max(1, series.size()));
    for (int column = 0; column < series.size(); column++) {
      double[] alpha = series.get(column);
      System.arraycopy(alpha, 0, table.values(), column * terms, Math.min(terms, alpha.length));
    }
    return table;
  }
}
