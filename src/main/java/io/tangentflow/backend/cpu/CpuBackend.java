package io.tangentflow.backend.cpu;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.DotProductSeries;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Shapes;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import java.util.List;
import java.util.OptionalLong;

/**
 * The CPU backend: products by {@link Products}, elementwise passes by {@link Kernels}, both split
 * over the processors. A fused pass works on blocks that stay in the first-level cache, so each
 * operand crosses the memory bus once. Deterministic for a fixed number of threads.
 */
final class CpuBackend implements Backend {

  /** Elements of a block of a fused pass: a few of them fit in a first-level cache of 32 KiB. */
  private static final int BLOCK = 1024;

  /** Elements below which a second thread costs more than it saves. */
  private static final int GRAIN = 16 * BLOCK;

  private final String name;
  private final Precision precision;
  private final Products products;
  private final Parallel parallel;
  private final Kernels kernels;
  private final Span scratch32;
  private final Span scratch64;

  // A pass is an object that takes other operands each time, so that none leaves anything to the
  // collector; there is one thread at a time that begins passes.
  private final CopyPass copies = new CopyPass();
  private final ForwardPass forwards = new ForwardPass();
  private final AdjointPass adjointStages = new AdjointStagePass();
  private final AdjointPass adjointSteps = new AdjointStepPass();
  private final SumPass sums = new SumPass();
  private final DotPass dots = new DotPass();

  CpuBackend(
      String name, Precision precision, Products products, Kernels kernels, Parallel parallel) {
    this.name = name;
    this.precision = precision;
    this.products = products;
    this.kernels = kernels;
    this.parallel = parallel;
    scratch32 = Span.scratch(Precision.FP32, BLOCK, kernels);
    scratch64 = Span.scratch(Precision.FP64, BLOCK, kernels);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public String description() {
    return String.format(
        "%s, %d thread%s, products by %s, elementwise by %s",
        precision,
        parallel.threads(),
        parallel.threads() == 1 ? "" : "s",
        products.description(),
        kernels.description());
  }

  @Override
  public long availableBytes() {
    return MemoryBudget.freeHeap();
  }

  @Override
  public boolean sharesHostMemory() {
    return true;
  }

  @Override
  public Matrix allocate(int rows, int columns, Precision precision) {
    return CpuMatrix.allocate(rows, columns, precision);
  }

  @Override
  public void free(Matrix matrix) {
    cpu(matrix).free();
  }

  @Override
  public void upload(DenseMatrix source, Matrix target) {
    Shapes.require(target, source.rows(), source.columns());
    CpuMatrix t = cpu(target);
    overWholeColumns(
        t,
        (from, to) -> {
          for (int j = from; j < to; j++) {
            t.setColumn(j, source.values(), j * source.rows());
          }
        });
  }

  @Override
  public DenseMatrix download(Matrix source) {
    CpuMatrix s = cpu(source);
    DenseMatrix target = DenseMatrix.zeros(s.rows(), s.columns());
    overWholeColumns(
        s,
        (from, to) -> {
          for (int j = from; j < to; j++) {
            s.getColumn(j, target.values(), j * s.rows());
          }
        });
    return target;
  }

  private void overWholeColumns(CpuMatrix matrix, Parallel.Range work) {
    parallel.run(matrix.columns(), Math.max(1, GRAIN / Math.max(1, matrix.rows())), work);
  }

  @Override
  public void copy(Matrix source, Matrix target) {
    Shapes.requireSame(source, target);
    CpuMatrix s = cpu(source);
    CpuMatrix t = cpu(target);
    if (s.precision() == t.precision() && s.contiguous() && t.contiguous()) {
      copies.source = s;
      copies.target = t;
      parallel.run(s.size(), GRAIN, copies);
      return;
    }
    parallel.run(
        s.size(),
        GRAIN,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            t.set(i, s.get(i));
          }
        });
  }

  /** target ← source, both contiguous and of one precision. */
  private static final class CopyPass implements Parallel.Range {
    private CpuMatrix source;
    private CpuMatrix target;

    @Override
    public void run(int from, int to) {
      target.assign(source, from, to - from);
    }
  }

  @Override
  public void gaussian(Matrix target, long seed, int stream, long first) {
    Shapes.requireWholeFours(first);
    Span t = span(target);
    parallel.run(
        target.rows() * target.columns(),
        BLOCK,
        (from, to) -> t.gaussian(seed, stream, first + from, from, to - from));
  }

  @Override
  public void gemm(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      Matrix a,
      Matrix b,
      double beta,
      Matrix c) {
    Shapes.requireProduct(transposeA, transposeB, a, b, c);
    products.gemm(transposeA, transposeB, alpha, cpu(a), cpu(b), beta, cpu(c));
  }

  @Override
  public void syrk(Matrix a, Matrix c) {
    Shapes.require(c, a.columns(), a.columns());
    Shapes.requirePrecision(a, c);
    CpuMatrix result = cpu(c);
    products.syrk(cpu(a), result);
    int n = c.rows();
    parallel.run(
        n,
        Math.max(1, GRAIN / Math.max(1, n)),
        (from, to) -> {
          for (int j = from; j < to; j++) {
            for (int i = j + 1; i < n; i++) {
              result.set(i + j * n, result.get(j + i * n));
            }
          }
        });
  }

  @Override
  public void activate(Activation phi, Matrix h, Matrix value, Matrix derivative) {
    stage(phi, h, List.of(), value, derivative);
  }

  @Override
  public void stage(
      Activation phi, Matrix h, List<Term> increments, Matrix value, Matrix derivative) {
    forward(phi, h, increments, increments.isEmpty() ? span(h) : scratch(h), value, derivative);
  }

  @Override
  public void step(
      Activation phi, Matrix h, List<Term> increments, Matrix value, Matrix derivative) {
    forward(phi, h, increments, span(h), value, derivative);
  }

  /** y ← h + Σ w K, value ← φ(y), derivative ← φ'(y). */
  private void forward(
      Activation phi, Matrix h, List<Term> increments, Span y, Matrix value, Matrix derivative) {
    Shapes.requireLike(h, value);
    Shapes.requireLike(h, derivative);
    forwards.phi = phi;
    forwards.state = span(h);
    forwards.y = y;
    forwards.value = span(value);
    forwards.derivative = span(derivative);
    combine(increments, h, forwards.increments);
    parallel.run(h.rows() * h.columns(), GRAIN, forwards);
  }

  private static final class ForwardPass implements Parallel.Range {
    private final Span.Combination increments = new Span.Combination();
    private Activation phi;
    private Span state;
    private Span y;
    private Span value;
    private Span derivative;

    @Override
    public void run(int from, int to) {
      int count;
      for (int at = from; at < to; at += count) {
        count = Math.min(BLOCK, to - at);
        if (!increments.isEmpty()) {
          increments.addTo(state, at, y, count);
        }
        y.activate(phi, at, value, derivative, count);
      }
    }
  }

  @Override
  public void adjointStage(
      Matrix derivative, Matrix nu, double weight, Matrix lambda, List<Term> nus, Matrix next) {
    adjoint(adjointStages, derivative, nu, nus, lambda, weight, next);
  }

  @Override
  public void adjointStep(
      Matrix derivative, Matrix nu, List<Term> nus, Matrix lambda, double weight, Matrix next) {
    adjoint(adjointSteps, derivative, nu, nus, lambda, weight, next);
  }

  private void adjoint(
      AdjointPass pass,
      Matrix derivative,
      Matrix nu,
      List<Term> nus,
      Matrix lambda,
      double weight,
      Matrix next) {
    Shapes.requireLike(nu, lambda);
    Shapes.requireLike(nu, next);
    pass.rows = derivative.rows();
    pass.outputs = Shapes.outputs(derivative, nu);
    pass.slope = span(derivative);
    pass.nu = span(nu);
    pass.product = scratch(nu);
    pass.lambda = span(lambda);
    pass.weight = weight;
    pass.next = span(next);
    combine(nus, nu, pass.nus);
    int size = derivative.rows() * derivative.columns();
    parallel.run(size, Math.max(BLOCK, GRAIN / pass.outputs), pass);
  }

  /** Works on blocks of the state, for each output of its column in turn. */
  private abstract static class AdjointPass implements Parallel.Range {
    final Span.Combination nus = new Span.Combination();
    Span slope;
    Span nu;
    Span product;
    Span lambda;
    double weight;
    Span next;
    private int rows;
    private int outputs;

    @Override
    public final void run(int from, int to) {
      for (int at = from; at < to; ) {
        int column = at / rows;
        // With one output the columns of both are the same memory, so a block may span several.
        int count =
            Math.min(BLOCK, outputs == 1 ? to - at : Math.min(to, (column + 1) * rows) - at);
        for (int o = 0; o < outputs; o++) {
          int adjointAt = outputs == 1 ? at : (column * outputs + o) * rows + at - column * rows;
          block(at, adjointAt, count);
        }
        at += count;
      }
    }

    /**
     * Works on {@code count} entries of the state from {@code at}, of the adjoint from the other.
     */
    abstract void block(int at, int adjointAt, int count);
  }

  private static final class AdjointStagePass extends AdjointPass {
    @Override
    void block(int at, int adjointAt, int count) {
      slope.multiply(at, nu, adjointAt, nu, count);
      lambda.scale(weight, adjointAt, next, count);
      nus.addTo(next, adjointAt, next, count);
    }
  }

  private static final class AdjointStepPass extends AdjointPass {
    @Override
    void block(int at, int adjointAt, int count) {
      slope.multiply(at, nu, adjointAt, product, count);
      lambda.add(1, product, adjointAt, lambda, count);
      nus.addTo(lambda, adjointAt, lambda, count);
      lambda.scale(weight, adjointAt, next, count);
    }
  }

  @Override
  public void contract(Matrix p, Matrix r, Matrix k) {
    Shapes.Contraction shape = Shapes.Contraction.of(p, r, k);
    int rows = shape.rows();
    int outputs = shape.outputs();
    int samples = shape.samples();
    int blocks = shape.blocks();
    CpuMatrix adjoints = cpu(p);
    CpuMatrix activations = cpu(r);
    CpuMatrix gram = cpu(k);
    double[] sum = gram.doubles();
    parallel.run(
        k.columns(),
        Math.max(1, GRAIN / Math.max(1, p.rows() * blocks)),
        (from, to) -> {
          for (int column = from; column < to; column++) {
            int sumAt = gram.start() + column * k.rows();
            for (int b = 0; b < blocks; b++) {
              int pAt = adjoints.start() + (b * k.columns() + column) * p.rows();
              int rAt = activations.start() + (b * samples + column / outputs) * rows;
              if (p.precision() == Precision.FP32) {
                contractColumn(
                    adjoints.floats(), pAt, activations.floats(), rAt, sum, sumAt, rows, outputs);
              } else {
                contractColumn(
                    adjoints.doubles(), pAt, activations.doubles(), rAt, sum, sumAt, rows, outputs);
              }
            }
          }
        });
  }

  private static void contractColumn(
      float[] p, int pAt, float[] r, int rAt, double[] sum, int sumAt, int rows, int outputs) {
    if (outputs == 1) { // With the stride known to be one the loop compiles to vector code.
      for (int i = 0; i < rows; i++) {
        sum[sumAt + i] += (double) p[pAt + i] * r[rAt + i];
      }
      return;
    }
    for (int i = 0; i < rows; i++) {
      for (int o = 0; o < outputs; o++) {
        sum[sumAt + i * outputs + o] += (double) p[pAt + i * outputs + o] * r[rAt + i];
      }
    }
  }

  private static void contractColumn(
      double[] p, int pAt, double[] r, int rAt, double[] sum, int sumAt, int rows, int outputs) {
    if (outputs == 1) { // With the stride known to be one the loop compiles to vector code.
      for (int i = 0; i < rows; i++) {
        sum[sumAt + i] += p[pAt + i] * r[rAt + i];
      }
      return;
    }
    for (int i = 0; i < rows; i++) {
      for (int o = 0; o < outputs; o++) {
        sum[sumAt + i * outputs + o] += p[pAt + i * outputs + o] * r[rAt + i];
      }
    }
  }

  @Override
  public void dotProductKernel(Matrix rho, DotProductSeries series, Matrix result) {
    series.requireFits(rho, result);
    new CpuDotProductKernel(cpu(rho), series, cpu(result)).run(parallel);
  }

  @Override
  public void twoTimeKernels(TwoTimeEquations equations, Matrix result, Workspace scratch) {
    equations.requireFits(result);
    CpuTwoTimeKernels.solve(equations, cpu(result), parallel, scratch);
  }

  @Override
  public void ensemble(Ensemble ensemble, Matrix inputs, Matrix outputs, Workspace scratch) {
    ensemble.requireFits(inputs, outputs);
    new CpuEnsemble(ensemble, contiguous(inputs), contiguous(outputs), kernels)
        .solve(parallel, scratch);
  }

  @Override
  public void addScaled(double weight, Matrix source, Matrix target) {
    Shapes.requireSame(source, target);
    CpuMatrix s = cpu(source);
    CpuMatrix t = cpu(target);
    if (source.precision() == target.precision() && source.contiguous() && target.contiguous()) {
      sums.weight = weight;
      sums.term = span(source);
      sums.sum = span(target);
      parallel.run(s.size(), GRAIN, sums);
      return;
    }
    parallel.run(
        s.size(),
        GRAIN,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            t.set(i, t.get(i) + weight * s.get(i));
          }
        });
  }

  /** sum ← sum + weight · term, both contiguous and of one precision. */
  private static final class SumPass implements Parallel.Range {
    private double weight;
    private Span term;
    private Span sum;

    @Override
    public void run(int from, int to) {
      sum.add(weight, term, from, sum, to - from);
    }
  }

  @Override
  public double dot(Matrix a, Matrix b) {
    Shapes.requireLike(a, b);
    dots.x = cpu(a);
    dots.y = cpu(b);
    int blocks = blocks(dots.x.size());
    if (dots.partials.length < blocks) {
      dots.partials = new double[blocks];
    }
    parallel.run(blocks, 1, dots);
    double sum = 0;
    for (int block = 0; block < blocks; block++) {
      sum += dots.partials[block];
    }
    return sum;
  }

  /** How many blocks a sum of so many terms has. */
  static int blocks(int size) {
    return (int) ((size - 1L + GRAIN) / GRAIN);
  }

  /** Σ xy of blocks, which and whose order are the same for any number of threads. */
  private static final class DotPass implements Parallel.Range {
    private CpuMatrix x;
    private CpuMatrix y;
    private double[] partials = new double[0];

    @Override
    public void run(int from, int to) {
      for (int block = from; block < to; block++) {
        double sum = 0;
        for (int i = block * GRAIN; i < Math.min(x.size(), (block + 1L) * GRAIN); i++) {
          sum += x.get(i) * y.get(i);
        }
        partials[block] = sum;
      }
    }
  }

  @Override
  public double softmaxCrossEntropy(Matrix logits, Matrix targets, Matrix cotangents) {
    Shapes.requireLike(logits, targets);
    Shapes.requireLike(logits, cotangents);
    return new CpuSoftmaxCrossEntropy(
            contiguous(logits), contiguous(targets), contiguous(cotangents))
        .run(parallel);
  }

  @Override
  public void adam(
      AdamStep step, Matrix gradient, Matrix firstMoment, Matrix secondMoment, Matrix parameter) {
    step.requireFits(gradient, firstMoment, secondMoment, parameter);
    Span g = span(gradient);
    Span m = span(firstMoment);
    Span v = span(secondMoment);
    Span theta = span(parameter);
    parallel.run(
        cpu(gradient).size(), GRAIN, (from, to) -> g.adam(step, from, m, v, theta, to - from));
  }

  @Override
  public OptionalLong firstNonFinite(Matrix matrix) {
    CpuMatrix m = cpu(matrix);
    for (int i = 0; i < m.size(); i++) {
      if (!Double.isFinite(m.get(i))) {
        return OptionalLong.of(i);
      }
    }
    return OptionalLong.empty();
  }

  @Override
  public void close() {
    parallel.close();
  }

  private Span span(Matrix matrix) {
    return contiguous(matrix).span(kernels);
  }

  private Span scratch(Matrix like) {
    return like.precision() == Precision.FP32 ? scratch32 : scratch64;
  }

  /** Makes the sum that of these terms. */
  private void combine(List<Term> terms, Matrix like, Span.Combination sum) {
    sum.resize(terms.size());
    for (int r = 0; r < terms.size(); r++) {
      Term term = terms.get(r);
      Shapes.requireLike(like, term.matrix());
      sum.set(r, term.weight(), span(term.matrix()));
    }
  }

  private static CpuMatrix cpu(Matrix matrix) {
    return (CpuMatrix) matrix;
  }

  private static CpuMatrix contiguous(Matrix matrix) {
    Shapes.requireContiguous(matrix);
    return cpu(matrix);
  }
}
