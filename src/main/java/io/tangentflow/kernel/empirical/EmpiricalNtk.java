package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethod.Report;
import io.tangentflow.gradient.SegmentedAdjoint;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.TimeCompression.Compressed;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The empirical neural tangent kernel of a network, K_(io)(jp) = ⟨∂f_o(x_i)/∂θ, ∂f_p(x_j)/∂θ⟩ over
 * all parameters θ = (U, W, V), from tangent features:
 *
 * <pre>
 *   K_(io)(jp) = Σ_q,r (A_ioq·A_jpr)(Φ_iq·Φ_jr) + (σu²/d)(λ₀_io·λ₀_jp)(x_i·x_j)
 *              + (σv²/n) δ_op φ(h_T,i)·φ(h_T,j).
 * </pre>
 *
 * Products are computed in the backend's precision; what they contract to is summed in FP64.
 */
public final class EmpiricalNtk {

  private final NeuralOde model;
  private final GradientMethod method;
  private final GramPlan plan;
  private final Optional<TimeCompression> fewer;
  private Consumer<Report> reports = report -> {};
  private Set<Block> blocks = EnumSet.allOf(Block.class);

  /** The kernel of the discrete solution on that grid. */
  public EmpiricalNtk(NeuralOde model, TimeGrid grid, GramPlan plan) {
    this(model, new DiscreteAdjoint(grid), plan);
  }

  /** The kernel of the gradients that a method gives. */
  public EmpiricalNtk(NeuralOde model, GradientMethod method, GramPlan plan) {
    this.model = model;
    this.method = method;
    this.plan = plan;
    fewer = compression(model, method, plan.nodes());
  }

  private static Optional<TimeCompression> compression(
      NeuralOde model, GradientMethod method, TimeNodes nodes) {
    if (nodes.all()) {
      return Optional.empty();
    }
    if (method instanceof DiscreteAdjoint discrete) {
      return Optional.of(new TimeCompression(model, discrete.grid(), nodes));
    }
    throw new IllegalArgumentException("the times of " + method.label() + " are not known");
  }

  NeuralOde model() {
    return model;
  }

  GramPlan plan() {
    return plan;
  }

  /** The kernel of the gradients with respect to some of the parameters alone. */
  public EmpiricalNtk ofBlocks(Set<Block> parameters) {
    blocks = parameters;
    return this;
  }

  /** What receives, for each block of samples, what its gradients took. */
  public EmpiricalNtk reportingTo(Consumer<Report> consumer) {
    reports = consumer;
    return this;
  }

  /**
   * A Gram matrix and the outputs of the same network.
   *
   * @param gram K, Nm×Nm, symmetric; row i·m + o belongs to output o of sample i
   * @param outputs f, m×N
   * @param peakBytes the most that the backend held at one time
   * @param compression what fewer nodes in time did; empty if all pairs were kept
   * @param roundingBound a bound on how far the rounding of products can have moved an eigenvalue
   *     from that of the exact Gram matrix of the gradients as they were computed, which has none
   *     below 0. How far rounding has moved these gradients it does not know.
   */
  public record Result(
      @API(status = Status.STABLE, since = "0.1") DenseMatrix gram,
      @API(status = Status.STABLE, since = "0.1") DenseMatrix outputs,
      long peakBytes,
      Optional<Compression> compression,
      @API(status = Status.STABLE, since = "0.1") double roundingBound) {

    /** {@return the trace over outputs, K_ij = (1/m) Σ_o K_(io)(jo), N×N} */
    @API(status = Status.STABLE, since = "0.1")
    public DenseMatrix traceOverOutputs() {
      int m = outputs.rows();
      DenseMatrix trace = DenseMatrix.zeros(outputs.columns(), outputs.columns());
      for (int j = 0; j < trace.columns(); j++) {
        for (int i = 0; i < trace.rows(); i++) {
          double sum = 0;
          for (int o = 0; o < m; o++) {
            sum += gram.get(i * m + o, j * m + o);
          }
          trace.set(i, j, sum / m);
        }
      }
      return trace;
    }
  }

  /**
   * Features at fewer nodes in time.
   *
   * @param nodes the most that a block of samples took
   * @param truncation what they leave out of all gradients, √Σ_io ‖δ ∂f_o(x_i)/∂W‖² at most
   * @param gradientError the same with the most that arithmetic adds in their making
   */
  public record Compression(int nodes, double truncation, double gradientError) {

    /**
     * A bound on the error of K in the Frobenius norm, and so by Weyl's inequality of its
     * eigenvalues: with the gradients computed as columns of G, it is GᵀG − (G − δG)ᵀ(G − δG), and
     * ‖G‖² is at most the greatest eigenvalue of the K computed.
     */
    public double gramError(double greatestEigenvalue) {
      return gramError(gradientError, greatestEigenvalue);
    }

    /** The part of it that is not rounding: what would remain in exact arithmetic. */
    public double gramTruncation(double greatestEigenvalue) {
      return gramError(truncation, greatestEigenvalue);
    }

    private static double gramError(double ofGradients, double greatestEigenvalue) {
      return (2 * Math.sqrt(greatestEigenvalue) + ofGradients) * ofGradients;
    }

    private Compression and(Compressed block) {
      return new Compression(
          Math.max(nodes, block.features().pairs()),
          Math.hypot(truncation, block.truncation()),
          Math.hypot(gradientError, block.error()));
    }
  }

  /**
   * The Gram matrix of the discrete solution on that grid, by the plan that {@link GramPlan#choose}
   * finds in nine tenths of the memory that is free.
   *
   * @param model the hyper-parameters
   * @param grid the steps
   * @param parameters of the network
   * @param inputs x, d×N, one sample per column. Not modified.
   * @param backend on which it is computed, in its precision; all memory is given back on return
   * @return the Gram matrix in FP64, and the outputs
   * @throws InvalidConfiguration if inputs or parameters are not of the model's shapes
   * @throws io.tangentflow.TangentFlowException.OutOfMemory if not even one sample at a time fits
   * @throws NonFiniteState if a state, an adjoint or an entry of the matrix overflows
   */
  @API(status = Status.STABLE, since = "0.1")
  public static Result gram(
      NeuralOde model, TimeGrid grid, Parameters parameters, DenseMatrix inputs, Backend backend) {
    MemoryBudget budget = MemoryBudget.asked(backend, null);
    GramPlan plan = GramPlan.choose(model, grid, inputs.columns(), backend.precision(), budget);
    return new EmpiricalNtk(model, grid, plan).gram(parameters, inputs, backend, fraction -> {});
  }

  /**
   * Computes the Gram matrix of inputs x, d×N, within the plan's memory.
   *
   * @param progress receives the fraction that is done, rising to 1
   * @throws InvalidConfiguration if there are fewer samples than in a block of the plan
   * @throws NonFiniteState if a state, an adjoint or an entry of the matrix overflows
   */
  public Result gram(
      Parameters parameters, DenseMatrix inputs, Backend backend, DoubleConsumer progress) {
    String purpose =
        "the Gram matrix of " + inputs.columns() + " samples at width " + model.width();
    try (Workspace workspace = backend.workspace(purpose, plan.deviceBytes())) {
      return gram(plan.place(model, parameters, workspace), inputs, workspace, progress);
    }
  }

  /**
   * The same of weights that are there.
   *
   * @param weights of the model. Not modified.
   * @param workspace gives the memory of the plan without that of the weights, and has it back on
   *     return
   */
  public Result gram(
      Weights weights, DenseMatrix inputs, Workspace workspace, DoubleConsumer progress) {
    int samples = inputs.columns();
    if (samples < plan.blockSize()) {
      throw new InvalidConfiguration(
          "--samples", "are " + samples + " but the plan is for blocks of " + plan.blockSize());
    }
    int outputs = model.outputs();
    int columns = Math.multiplyExact(samples, outputs);
    DenseMatrix gram = DenseMatrix.zeros(columns, columns);
    DenseMatrix f = DenseMatrix.zeros(outputs, samples);
    int parts = (samples + plan.blockSize() - 1) / plan.blockSize();
    long pairs = (long) parts * (parts + 1) / 2;
    long pairsDone = 0;
    Compression compression = new Compression(0, 0, 0);
    double crossTrace = 0;
    int pairsOfSample = 0;
    Backend backend = workspace.backend();
    for (int i = 0; i < parts; i++) {
      try (Workspace outer = workspace.scope()) {
        Compressed kept = features(weights, inputs, i, outer);
        compression = compression.and(kept);
        TangentFeatures rows = kept.features();
        pairsOfSample = Math.max(pairsOfSample, rows.pairs());
        DenseMatrix values = backend.download(rows.outputs());
        System.arraycopy(
            values.values(), 0, f.values(), i * plan.blockSize() * outputs, values.values().length);
        for (int j = 0; j <= i; j++) {
          long done = pairsDone++;
          DoubleConsumer part = fraction -> progress.accept((done + fraction) / pairs);
          try (Workspace inner = outer.scope()) {
            TangentFeatures others = j == i ? rows : features(weights, inputs, j, inner).features();
            Part block = block(rows, others, inner, part);
            crossTrace += block.crossTrace();
            place(
                block.values(),
                gram,
                i * plan.blockSize() * outputs,
                j * plan.blockSize() * outputs);
          }
        }
      }
    }
    requireFinite(gram, 0);
    return new Result(
        gram,
        f,
        workspace.peakBytes(),
        fewer.isPresent() ? Optional.of(compression) : Optional.empty(),
        roundingBound(gram, crossTrace, pairsOfSample, backend.precision()));
  }

  private double roundingBound(
      DenseMatrix gram, double crossTrace, int pairsOfSample, Precision precision) {
    double trace = 0;
    for (int i = 0; i < gram.rows(); i++) {
      trace += gram.get(i, i);
    }
    int n = model.width();
    ProductRounding rounding = new ProductRounding(precision);
    if (plan.strategy() == GramStrategy.STRUCTURED) {
      int inner = Math.max(n, model.inputDim());
      return rounding.ofStructured(inner, pairsOfSample, trace, trace - crossTrace);
    }
    int panel = explicitPanel(precision);
    return rounding.ofExplicit(
        Math.max(Math.multiplyExact(panel, n), model.inputDim()), (n - 1) / panel + 1, trace);
  }

  /** The rows of W whose gradients are formed at a time, for a whole block of the plan. */
  private int explicitPanel(Precision precision) {
    long order = (long) plan.blockSize() * model.outputs();
    return GramPlan.panel(model.width() * order * precision.bytes(), model.width());
  }

  /**
   * Features may be finite and their products not.
   *
   * @param firstSample of the columns
   */
  void requireFinite(DenseMatrix gram, int firstSample) {
    for (int k = 0; k < gram.values().length; k++) {
      if (!Double.isFinite(gram.values()[k])) {
        int column = k / gram.rows();
        throw new NonFiniteState(
            "tangent kernel", firstSample + column / model.outputs(), model.horizon());
      }
    }
  }

  Compressed features(Weights weights, DenseMatrix inputs, int block, Workspace workspace) {
    int first = block * plan.blockSize();
    int count = Math.min(plan.blockSize(), inputs.columns() - first);
    int d = inputs.rows();
    DenseMatrix part =
        new DenseMatrix(
            d, count, Arrays.copyOfRange(inputs.values(), first * d, (first + count) * d));
    Matrix x = weights.upload(part, workspace);
    if (fewer.isEmpty()) {
      return new Compressed(method.features(weights, x, workspace, reports), 0, 0);
    }
    if (plan.streamed()) {
      return whileSolving(weights, x, workspace);
    }
    try (Workspace scratch = workspace.scope()) {
      TangentFeatures full = method.features(weights, x, scratch, reports);
      return fewer.get().compress(full, workspace);
    }
  }

  /** Features at fewer nodes, of which the full ones are never there. */
  private Compressed whileSolving(Weights weights, Matrix x, Workspace workspace) {
    StreamedCompression stream = fewer.orElseThrow().streamed(x, workspace);
    TimeGrid grid = ((DiscreteAdjoint) method).grid();
    try (Workspace scratch = workspace.scope()) {
      Matrix cotangents = scratch.upload(GradientMethod.eachOutput(model.outputs(), x.columns()));
      reports.accept(
          new SegmentedAdjoint(grid, model.outputs())
              .pull(weights, x, cotangents, stream, scratch));
    }
    return stream.compressed();
  }

  /**
   * A block of the Gram matrix.
   *
   * @param crossTrace what the terms of two different slots make of the trace, of a block on the
   *     diagonal; 0 for others, and where no slots are contracted
   */
  record Part(DenseMatrix values, double crossTrace) {}

  /** The Gram of the rows' samples with the others', by the plan's strategy. */
  Part block(
      TangentFeatures rows, TangentFeatures others, Workspace workspace, DoubleConsumer progress) {
    Backend backend = workspace.backend();
    int m = rows.initialAdjoint().columns();
    int k = others.initialAdjoint().columns();
    try (Workspace scratch = workspace.scope()) {
      Matrix sum = scratch.allocate(m, k, Precision.FP64);
      double crossTrace = 0;
      if (blocks.contains(Block.W)) {
        try (Workspace panels = scratch.scope()) {
          switch (plan.strategy()) {
            case STRUCTURED -> crossTrace = structured(rows, others, sum, panels, progress);
            case EXPLICIT -> explicit(rows, others, sum, panels, progress);
          }
        }
      }
      if (blocks.contains(Block.U)) {
        inputTerm(rows, others, sum, scratch);
      }
      DenseMatrix result = backend.download(sum);
      if (blocks.contains(Block.V)) {
        addOutputTerm(rows, others, result, scratch);
      }
      return new Part(result, crossTrace);
    }
  }

  /**
   * Adds Σ_q,r (A_q·A_r)(Φ_q·Φ_r).
   *
   * @return the trace of the terms q ≠ r, of samples with themselves
   */
  private double structured(
      TangentFeatures rows,
      TangentFeatures others,
      Matrix sum,
      Workspace workspace,
      DoubleConsumer progress) {
    Backend backend = workspace.backend();
    int q = rows.pairs();
    long order = (long) plan.blockSize() * model.outputs();
    int panel = GramPlan.panel(order * order * backend.precision().bytes(), q);
    Matrix p = workspace.allocate(sum.rows(), Math.multiplyExact(sum.columns(), panel));
    Matrix r = workspace.allocate(rows.samples(), others.samples() * panel);
    if (!rows.equals(others)) {
      for (int slot = 0; slot < q; slot++) {
        contractSlots(rows, others, slot, 0, p, r, sum, backend);
        progress.accept((slot + 1.0) / q);
      }
      return 0;
    }
    // The terms of slots (q, r) and (r, q) are each other's transposes.
    Matrix above = workspace.allocate(sum.rows(), sum.columns(), Precision.FP64);
    for (int slot = 0; slot < q; slot++) {
      contractSlots(rows, rows, slot, slot + 1, p, r, above, backend);
      double remaining = (double) (q - slot - 1) / q;
      progress.accept(1 - remaining * remaining);
    }
    backend.addScaled(1, above, sum);
    DenseMatrix transposed = backend.download(above).transpose();
    backend.upload(transposed, above);
    backend.addScaled(1, above, sum);
    Matrix pOfSlot = p.columnRange(0, sum.columns());
    Matrix rOfSlot = r.columnRange(0, rows.samples());
    for (int slot = 0; slot < q; slot++) {
      backend.syrk(rows.adjointSlots(slot, 1), pOfSlot);
      backend.syrk(rows.activationSlots(slot, 1), rOfSlot);
      backend.contract(pOfSlot, rOfSlot, sum);
    }
    double trace = 0;
    for (int i = 0; i < transposed.rows(); i++) {
      trace += 2 * transposed.get(i, i);
    }
    return trace;
  }

  /** Adds the terms of one slot of the rows with the others' slots from {@code first} on. */
  private static void contractSlots(
      TangentFeatures rows,
      TangentFeatures others,
      int slot,
      int first,
      Matrix p,
      Matrix r,
      Matrix sum,
      Backend backend) {
    int panel = p.columns() / sum.columns();
    for (int at = first; at < others.pairs(); at += panel) {
      int count = Math.min(panel, others.pairs() - at);
      Matrix pPart = p.columnRange(0, count * sum.columns());
      Matrix rPart = r.columnRange(0, count * others.samples());
      innerProducts(backend, rows.adjointSlots(slot, 1), others.adjointSlots(at, count), 1, pPart);
      innerProducts(
          backend, rows.activationSlots(slot, 1), others.activationSlots(at, count), 1, rPart);
      backend.contract(pPart, rPart, sum);
    }
  }

  /** Adds ⟨∂f/∂W, ∂f/∂W⟩, forming panels of rows of the gradients. */
  private void explicit(
      TangentFeatures rows,
      TangentFeatures others,
      Matrix sum,
      Workspace workspace,
      DoubleConsumer progress) {
    Backend backend = workspace.backend();
    int n = model.width();
    int panel = explicitPanel(backend.precision());
    int entries = Math.multiplyExact(panel, n);
    Matrix product = workspace.allocate(sum.rows(), sum.columns());
    Matrix left = workspace.allocate(entries, sum.rows());
    Matrix right = rows.equals(others) ? left : workspace.allocate(entries, sum.columns());
    for (int row = 0; row < n; row += panel) {
      int count = Math.min(panel, n - row);
      Matrix leftPart = gradientPanel(rows, row, count, left, backend);
      if (rows.equals(others)) {
        backend.syrk(leftPart, product);
      } else {
        Matrix rightPart = gradientPanel(others, row, count, right, backend);
        innerProducts(backend, leftPart, rightPart, 1, product);
      }
      backend.addScaled(1, product, sum);
      progress.accept(Math.min(1, (double) (row + panel) / n));
    }
  }

  /** Fills the top of a panel with rows of ∂f/∂W, one gradient per column, (rows·n)×Nm. */
  private Matrix gradientPanel(
      TangentFeatures features, int firstRow, int rowCount, Matrix panel, Backend backend) {
    int n = model.width();
    int outputs = model.outputs();
    for (int i = 0; i < features.samples(); i++) {
      Matrix phi = features.activationsOf(i);
      for (int o = 0; o < outputs; o++) {
        Matrix gradient = panel.columnRange(i * outputs + o, 1).rowRange(0, rowCount * n);
        backend.gemm(
            Transpose.NO,
            Transpose.YES,
            1,
            features.adjointsOf(i, o).rowRange(firstRow, rowCount),
            phi,
            0,
            gradient.reshape(rowCount, n));
      }
    }
    return panel.rowRange(0, rowCount * n);
  }

  /** Adds (σu²/d)(λ₀·λ₀)(x·x). */
  private void inputTerm(
      TangentFeatures rows, TangentFeatures others, Matrix sum, Workspace workspace) {
    Backend backend = workspace.backend();
    try (Workspace scratch = workspace.scope()) {
      Matrix p = scratch.allocate(sum.rows(), sum.columns());
      Matrix r = scratch.allocate(rows.samples(), others.samples());
      double scale = model.inputScale() * model.inputScale();
      innerProducts(backend, rows.initialAdjoint(), others.initialAdjoint(), scale, p);
      innerProducts(backend, rows.inputs(), others.inputs(), 1, r);
      backend.contract(p, r, sum);
    }
  }

  /** Adds (σv²/n) δ_op φ(h_T)·φ(h_T). */
  private void addOutputTerm(
      TangentFeatures rows, TangentFeatures others, DenseMatrix gram, Workspace workspace) {
    Backend backend = workspace.backend();
    int outputs = model.outputs();
    try (Workspace scratch = workspace.scope()) {
      Matrix r = scratch.allocate(rows.samples(), others.samples());
      double scale = model.outputScale() * model.outputScale();
      innerProducts(backend, rows.finalActivation(), others.finalActivation(), scale, r);
      DenseMatrix term = backend.download(r);
      for (int j = 0; j < term.columns(); j++) {
        for (int i = 0; i < term.rows(); i++) {
          for (int o = 0; o < outputs; o++) {
            int row = i * outputs + o;
            int column = j * outputs + o;
            gram.set(row, column, gram.get(row, column) + term.get(i, j));
          }
        }
      }
    }
  }

  private static void innerProducts(
      Backend backend, Matrix left, Matrix right, double scale, Matrix result) {
    backend.gemm(Transpose.YES, Transpose.NO, scale, left, right, 0, result);
  }

  /**
   * Writes a block below the diagonal and its transpose above; a diagonal block is symmetrised, and
   * may be the matrix itself.
   */
  static void place(DenseMatrix block, DenseMatrix gram, int firstRow, int firstColumn) {
    for (int j = 0; j < block.columns(); j++) {
      for (int i = firstRow == firstColumn ? j : 0; i < block.rows(); i++) {
        double value =
            firstRow == firstColumn ? 0.5 * (block.get(i, j) + block.get(j, i)) : block.get(i, j);
        gram.set(firstRow + i, firstColumn + j, value);
        gram.set(firstColumn + j, firstRow + i, value);
      }
    }
  }
}
