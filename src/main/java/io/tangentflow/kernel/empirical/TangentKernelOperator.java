package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.EmpiricalNtk.Compression;
import io.tangentflow.kernel.empirical.TimeCompression.Compressed;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleConsumer;

/**
 * Products y = Kv with the empirical tangent kernel of a network, whose Gram matrix is never
 * formed: with J the Jacobian of all outputs, K = J Jᵀ,
 *
 * <pre>
 *   G = Σ_jp v_jp ∂f_p(x_j)/∂θ,     y_io = ⟨∂f_o(x_i)/∂θ, G⟩,
 *   G_W = Σ_jq (Σ_p v_jp A_jpq) Φ_jqᵀ,     ⟨∂f_o(x_i)/∂W, G_W⟩ = Σ_q A_ioq · G_W Φ_iq,
 * </pre>
 *
 * and likewise for U and V. Two products of n×n by all columns Φ, 4n²NQ FLOPs, where the Gram takes
 * 2N²Q²n once and N² numbers for ever after: what is to be had from fewer than NQ/(2n) products is
 * had for less. Sums are of the backend's precision.
 *
 * <p>The tangent features of all samples stay on the backend until it is closed; the weights do
 * not.
 */
public final class TangentKernelOperator implements AutoCloseable {

  /** Samples whose columns are scaled by one product, with a matrix of as many columns. */
  static final int GROUP = 32;

  private final NeuralOde model;
  private final Set<Block> parameters;
  private final Workspace workspace;
  private final Backend backend;
  private final List<TangentFeatures> blocks;
  private final int samples;
  private final int pairs;
  private final Optional<Compression> compression;
  private final double squaredJacobian;

  private TangentKernelOperator(
      NeuralOde model,
      Set<Block> parameters,
      Workspace workspace,
      List<TangentFeatures> blocks,
      Optional<Compression> compression) {
    this.model = model;
    this.parameters = parameters;
    this.workspace = workspace;
    this.blocks = blocks;
    this.compression = compression;
    backend = workspace.backend();
    samples = blocks.stream().mapToInt(TangentFeatures::samples).sum();
    pairs = blocks.stream().mapToInt(TangentFeatures::pairs).max().orElseThrow();
    squaredJacobian = blocks.stream().mapToDouble(this::squaredJacobian).sum();
    if (!Double.isFinite(squaredJacobian)) {
      throw new NonFiniteState("tangent kernel");
    }
  }

  /**
   * Computes the features of inputs x, d×N, within the plan's memory.
   *
   * @param progress receives the fraction that is done, rising to 1
   * @throws NonFiniteState if a state, an adjoint or a norm of them overflows
   */
  public static TangentKernelOperator of(
      NeuralOde model,
      TimeGrid grid,
      TangentKernelPlan plan,
      Parameters parameters,
      DenseMatrix inputs,
      Backend backend,
      DoubleConsumer progress) {
    return of(model, EnumSet.allOf(Block.class), grid, plan, parameters, inputs, backend, progress);
  }

  /** The same of the gradients with respect to some of the parameters alone. */
  public static TangentKernelOperator of(
      NeuralOde model,
      Set<Block> blocksOfParameters,
      TimeGrid grid,
      TangentKernelPlan plan,
      Parameters parameters,
      DenseMatrix inputs,
      Backend backend,
      DoubleConsumer progress) {
    String purpose =
        "the tangent features of " + inputs.columns() + " samples at width " + model.width();
    Workspace workspace = backend.workspace(purpose, plan.deviceBytes());
    try {
      Features features = new Features(model, grid, plan, inputs, workspace);
      features.make(parameters, progress);
      return new TangentKernelOperator(
          model,
          blocksOfParameters,
          workspace,
          features.blocks,
          plan.nodes().all()
              ? Optional.empty()
              : Optional.of(new Compression(features.nodes, features.truncation, features.error)));
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  /** The making of the features, block by block. */
  private static final class Features {
    private final NeuralOde model;
    private final DiscreteAdjoint adjoint;
    private final TangentKernelPlan plan;
    private final DenseMatrix inputs;
    private final Workspace workspace;
    private final Optional<TimeCompression> fewer;
    private final List<TangentFeatures> blocks = new ArrayList<>();
    private int nodes;
    private double truncation;
    private double error;

    Features(
        NeuralOde model,
        TimeGrid grid,
        TangentKernelPlan plan,
        DenseMatrix inputs,
        Workspace workspace) {
      this.model = model;
      this.plan = plan;
      this.inputs = inputs;
      this.workspace = workspace;
      adjoint = new DiscreteAdjoint(grid);
      fewer =
          plan.nodes().all()
              ? Optional.empty()
              : Optional.of(new TimeCompression(model, grid, plan.nodes()));
    }

    void make(Parameters parameters, DoubleConsumer progress) {
      try (Workspace forWeights = workspace.scope()) {
        Weights weights = Weights.place(model, parameters, forWeights);
        for (int first = 0; first < inputs.columns(); first += plan.blockSize()) {
          int count = Math.min(plan.blockSize(), inputs.columns() - first);
          int d = inputs.rows();
          double[] part = Arrays.copyOfRange(inputs.values(), first * d, (first + count) * d);
          Matrix x = weights.upload(new DenseMatrix(d, count, part), workspace);
          blocks.add(block(weights, x));
          progress.accept((first + count) / (double) inputs.columns());
        }
      }
    }

    private TangentFeatures block(Weights weights, Matrix x) {
      if (fewer.isEmpty()) {
        return adjoint.features(weights, x, workspace);
      }
      try (Workspace scratch = workspace.scope()) {
        Compressed kept = fewer.get().compress(adjoint.features(weights, x, scratch), workspace);
        nodes = Math.max(nodes, kept.features().pairs());
        truncation = Math.hypot(truncation, kept.truncation());
        error = Math.hypot(error, kept.error());
        return kept.features();
      }
    }
  }

  /** Nm; row i·m + o belongs to output o of sample i. */
  public int order() {
    return samples * model.outputs();
  }

  /** What fewer nodes in time did to the features; empty if all pairs are kept. */
  public Optional<Compression> compression() {
    return compression;
  }

  /**
   * A bound on ‖K‖₂: Σ_io of (Σ_q ‖A_ioq‖²)(Σ_q ‖Φ_iq‖²) and the squared norms of the gradients by
   * U and V, which is at least the trace.
   */
  public double normBound() {
    return squaredJacobian;
  }

  /** The most bytes that the backend has held. */
  public long peakBytes() {
    return workspace.peakBytes();
  }

  /**
   * A bound on ‖fl(Kv) − Kv‖₂ for ‖v‖₂ = 1, of the kernel of these features as they are stored. G
   * is a sum of NQ pairs, each scaled by a sum of m numbers; GΦ one of n, a row of x one of d; the
   * dot products with A one of n and Q. With c roundings on the way of any number to y, |fl(Kv) −
   * Kv| ≤ γ_c |J||J|ᵀ|v|, γ_c = cu/(1 − cu) (Higham, Accuracy and Stability of Numerical
   * Algorithms, 2002, §3.1, for any order of a sum), and ‖|J|‖_F² is at most {@link #normBound}. In
   * TF32 the factors of each of four products are rounded as well, but for the ones of the last:
   * seven roundings. It supposes the worst of all roundings: what is seen is far less.
   */
  public double productError() {
    double n = model.width();
    double single = backend.precision() == Precision.TF32 ? 7 : 0;
    double sums =
        (double) samples * pairs + model.outputs() + n + Math.max(n, model.inputDim()) + pairs + 8;
    double rounding =
        single * Precision.TF32.unitRoundoff()
            + sums
                * (backend.precision().single() ? Precision.FP32 : Precision.FP64).unitRoundoff();
    return rounding < 1 ? rounding / (1 - rounding) * squaredJacobian : Double.POSITIVE_INFINITY;
  }

  /**
   * KX, Nm×b, of X, Nm×b; a column after the other, as G is n×n for each.
   *
   * @throws NonFiniteState if a product overflows
   */
  public DenseMatrix times(DenseMatrix x) {
    if (x.rows() != order()) {
      throw new IllegalArgumentException(
          "a kernel of order " + order() + " has no product with " + x.rows() + " rows");
    }
    DenseMatrix y = DenseMatrix.zeros(x.rows(), x.columns());
    for (int j = 0; j < x.columns(); j++) {
      double[] column = Arrays.copyOfRange(x.values(), j * x.rows(), (j + 1) * x.rows());
      try (Workspace scratch = workspace.scope()) {
        new Product(scratch).run(column, y.values(), j * x.rows());
      }
    }
    return y;
  }

  @Override
  public void close() {
    workspace.close();
  }

  /** One product. */
  private final class Product {
    private final Workspace scratch;
    private final Matrix gradientU;
    private final Matrix gradientW;
    private final Matrix gradientV;

    Product(Workspace scratch) {
      this.scratch = scratch;
      int n = model.width();
      gradientU = scratch.allocate(n, model.inputDim());
      gradientW = scratch.allocate(n, n);
      gradientV = scratch.allocate(model.outputs(), n);
    }

    void run(double[] v, double[] y, int at) {
      int first = 0;
      for (TangentFeatures block : blocks) {
        int count = block.initialAdjoint().columns();
        accumulate(block, new DenseMatrix(count, 1, Arrays.copyOfRange(v, first, first + count)));
        first += count;
      }
      first = 0;
      for (TangentFeatures block : blocks) {
        DenseMatrix part = pulledOut(block);
        for (double value : part.values()) {
          if (!Double.isFinite(value)) {
            throw new NonFiniteState("product with the tangent kernel");
          }
        }
        System.arraycopy(part.values(), 0, y, at + first, part.values().length);
        first += part.values().length;
      }
    }

    /** Adds a block's part of G. */
    private void accumulate(TangentFeatures block, DenseMatrix v) {
      int count = block.samples();
      try (Workspace inner = scratch.scope()) {
        Matrix weights = inner.upload(groups(v));
        Matrix scaled = inner.allocate(model.width(), block.activations().columns());
        for (int q = 0; q < block.pairs(); q++) {
          scale(block.adjointSlots(q, 1), weights, scaled.columnRange(q * count, count));
        }
        add(Block.W, 1, scaled, block.activations(), gradientW);
        Matrix initial = scaled.columnRange(0, count);
        scale(block.initialAdjoint(), weights, initial);
        add(Block.U, model.inputScale(), initial, block.inputs(), gradientU);
        Matrix cotangents = inner.upload(new DenseMatrix(model.outputs(), count, v.values()));
        add(Block.V, model.outputScale(), cotangents, block.finalActivation(), gradientV);
      }
    }

    /**
     * The weights of each group of samples as a matrix that scales its columns, and sums those of
     * the outputs of a sample, (group·m)×N.
     */
    private DenseMatrix groups(DenseMatrix v) {
      int m = model.outputs();
      int count = v.rows() / m;
      DenseMatrix weights = DenseMatrix.zeros(Math.min(GROUP, count) * m, count);
      for (int i = 0; i < count; i++) {
        for (int o = 0; o < m; o++) {
          weights.set(i % GROUP * m + o, i, v.get(i * m + o, 0));
        }
      }
      return weights;
    }

    /** C_i ← Σ_o v_io A_io. */
    private void scale(Matrix adjoints, Matrix weights, Matrix result) {
      int m = model.outputs();
      for (int first = 0; first < result.columns(); first += GROUP) {
        int count = Math.min(GROUP, result.columns() - first);
        backend.gemm(
            Transpose.NO,
            Transpose.NO,
            1,
            adjoints.columnRange(first * m, count * m),
            weights.columnRange(first, count).rowRange(0, count * m),
            0,
            result.columnRange(first, count));
      }
    }

    /** The gradient with respect to parameters that are not asked for stays zero. */
    private void add(Block which, double weight, Matrix a, Matrix b, Matrix target) {
      if (parameters.contains(which)) {
        backend.gemm(Transpose.NO, Transpose.YES, weight, a, b, 1, target);
      }
    }

    /** ⟨∂f_o(x_i)/∂θ, G⟩ of a block, 1×Nm. */
    private DenseMatrix pulledOut(TangentFeatures block) {
      int n = model.width();
      int count = block.samples();
      try (Workspace inner = scratch.scope()) {
        Matrix image = inner.allocate(n, count);
        Sums sums = new Sums(block.initialAdjoint().columns(), inner);
        for (int q = 0; q < block.pairs(); q++) {
          multiply(1, gradientW, block.activationSlots(q, 1), 0, image);
          sums.add(image, block.adjointSlots(q, 1));
        }
        multiply(model.inputScale(), gradientU, block.inputs(), 0, image);
        sums.add(image, block.initialAdjoint());
        Matrix y = sums.total();
        multiply(
            model.outputScale(),
            gradientV,
            block.finalActivation(),
            1,
            y.reshape(model.outputs(), count));
        return backend.download(y);
      }
    }

    private void multiply(double weight, Matrix a, Matrix b, double beta, Matrix result) {
      backend.gemm(Transpose.NO, Transpose.NO, weight, a, b, beta, result);
    }
  }

  /** Σ of elementwise products of columns, and of these down each column. */
  private final class Sums {
    private final Matrix sum;
    private final Matrix unused;
    private final Matrix ones;
    private final Matrix total;

    Sums(int columns, Workspace owner) {
      sum = owner.allocate(model.width(), columns);
      unused = owner.allocate(model.width(), columns);
      double[] one = new double[model.width()];
      Arrays.fill(one, 1);
      ones = owner.upload(new DenseMatrix(model.width(), 1, one));
      total = owner.allocate(1, columns);
    }

    /** Adds D_i ∘ A_io, D having one column for the m of a sample: the end of an adjoint's step. */
    void add(Matrix perSample, Matrix perOutput) {
      backend.adjointStep(perSample, perOutput, List.of(), sum, 0, unused);
    }

    Matrix total() {
      backend.gemm(Transpose.YES, Transpose.NO, 1, ones, sum, 0, total);
      return total;
    }
  }

  /** A block's part of {@link #normBound}. */
  private double squaredJacobian(TangentFeatures block) {
    int m = model.outputs();
    int columns = block.initialAdjoint().columns();
    double[] adjoints = squaredNorms(block.adjoints(), columns);
    double[] activations = squaredNorms(block.activations(), block.samples());
    double[] initial = squaredNorms(block.initialAdjoint(), columns);
    double[] last = squaredNorms(block.finalActivation(), block.samples());
    DenseMatrix x = backend.download(block.inputs());
    double sum = 0;
    for (int i = 0; i < block.samples(); i++) {
      double input = 0;
      for (int row = 0; row < x.rows(); row++) {
        input += x.get(row, i) * x.get(row, i);
      }
      double output = model.outputScale() * model.outputScale() * last[i];
      for (int o = 0; o < m; o++) {
        double byInput = model.inputScale() * model.inputScale() * initial[i * m + o] * input;
        sum += adjoints[i * m + o] * activations[i] + byInput + output;
      }
    }
    // Sums in FP64 in every precision, of n and Q numbers, of d, and of those of the columns.
    double terms = model.width() + pairs + model.inputDim() + (double) samples * m + 8;
    return sum * (1 + 4 * terms * Precision.FP64.unitRoundoff());
  }

  /** Σ_q ‖X_iq‖² of slots of so many columns. */
  private double[] squaredNorms(Matrix slots, int columns) {
    try (Workspace scratch = workspace.scope()) {
      ColumnSquares squares = new ColumnSquares(slots.rows(), columns, scratch);
      squares.add(slots);
      return squares.total();
    }
  }

  /**
   * Bytes of a product's scratch: G, the weights of a block, and its scaled columns or its images;
   * or of the norms before the first.
   */
  static long productBytes(NeuralOde model, int pairs, int blockSize, int number) {
    long n = model.width();
    long m = model.outputs();
    long gradient = n * (n + model.inputDim() + m);
    long summing = blockSize * (n * pairs + Math.min(GROUP, blockSize) * m + m);
    long images = blockSize * (n * (1 + 2 * m) + m) + n;
    long norms = ColumnSquares.bytes(model.width(), blockSize * m);
    return Math.max(norms, number * (gradient + Math.max(summing, images)));
  }
}
