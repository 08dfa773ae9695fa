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

  CpuBackend(
      String name, Precision precision, Products products, Kernels kernels, Parallel parallel) {
    this.name = name;
    this.precision = precision;
    this.products = products;
    this.kernels = kernels;
    this.parallel = parallel;
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
      parallel.run(s.size(), GRAIN, (from, to) -> t.assign(s, from, to - from));
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
    Span y = increments.isEmpty() ? null : scratch(h.precision());
    forward(phi, h, increments, y, value, derivative);
  }

  @Override
  public void step(
      Activation phi, Matrix h, List<Term> increments, Matrix value, Matrix derivative) {
    forward(phi, h, increments, span(h), value, derivative);
  }

  /** y ← h + Σ w K, value ← φ(y), derivative ← φ'(y); with y null, of h itself. */
  private void forward(
      Activation phi, Matrix h, List<Term> increments, Span y, Matrix value, Matrix derivative) {
    Shapes.requireLike(h, value);
    Shapes.requireLike(h, derivative);
    Span state = span(h);
    Span phiOfY = span(value);
    Span slopeOfY = span(derivative);
    Span.Combination k = combination(increments, h);
    parallel.run(
        h.rows() * h.columns(),
        GRAIN,
        (from, to) -> {
          int count;
          for (int at = from; at < to; at += count) {
            count = Math.min(BLOCK, to - at);
            Span argument = state;
            if (y != null) {
              k.addTo(state, at, y, count);
              argument = y;
            }
            argument.activate(phi, at, phiOfY, slopeOfY, count);
          }
        });
  }

  @Override
  public void adjointStage(
      Matrix derivative, Matrix nu, double weight, Matrix lambda, List<Term> nus, Matrix next) {
    Shapes.requireLike(nu, lambda);
    Shapes.requireLike(nu, next);
    Span slope = span(derivative);
    Span pulledBack = span(nu);
    Span base = span(lambda);
    Span out = span(next);
    Span.Combination combination = combination(nus, nu);
    overColumns(
        derivative,
        nu,
        (at, adjointAt, count) -> {
          slope.multiply(at, pulledBack, adjointAt, pulledBack, count);
          base.scale(weight, adjointAt, out, count);
          combination.addTo(out, adjointAt, out, count);
        });
  }

  @Override
  public void adjointStep(
      Matrix derivative, Matrix nu, List<Term> nus, Matrix lambda, double weight, Matrix next) {
    Shapes.requireLike(nu, lambda);
    Shapes.requireLike(nu, next);
    Span slope = span(derivative);
    Span pulledBack = span(nu);
    Span base = span(lambda);
    Span out = span(next);
    Span product = scratch(nu.precision());
    Span.Combination combination = combination(nus, nu);
    overColumns(
        derivative,
        nu,
        (at, adjointAt, count) -> {
          slope.multiply(at, pulledBack, adjointAt, product, count);
          base.add(1, product, adjointAt, base, count);
          combination.addTo(base, adjointAt, base, count);
          base.scale(weight, adjointAt, out, count);
        });
  }

  /** Work on {@code count} entries of the state from {@code at}, of the adjoint from adjointAt. */
  @FunctionalInterface
  private interface AdjointBlock {
    void run(int at, int adjointAt, int count);
  }

  /** Runs the work on blocks of the state, for each output of its column in turn. */
  private void overColumns(Matrix state, Matrix adjoint, AdjointBlock work) {
    int n = state.rows();
    int outputs = Shapes.outputs(state, adjoint);
    parallel.run(
        n * state.columns(),
        Math.max(BLOCK, GRAIN / outputs),
        (from, to) -> {
          for (int at = from; at < to; ) {
            int column = at / n;
            // With one output the columns of both are the same memory, so a block may span several.
            int count =
                Math.min(BLOCK, outputs == 1 ? to - at : Math.min(to, (column + 1) * n) - at);
            for (int o = 0; o < outputs; o++) {
              int adjointAt = outputs == 1 ? at : (column * outputs + o) * n + at - column * n;
              work.run(at, adjointAt, count);
            }
            at += count;
          }
        });
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
      Span sum = span(target);
      Span term = span(source);
      parallel.run(s.size(), GRAIN, (from, to) -> sum.add(weight, term, from, sum, to - from));
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

  @Override
  public double dot(Matrix a, Matrix b) {
    Shapes.requireLike(a, b);
    CpuMatrix x = cpu(a);
    CpuMatrix y = cpu(b);
    // Blocks and their order are the same for any number of threads.
    double[] partials = new double[(x.size() + GRAIN - 1) / GRAIN];
    parallel.run(
        partials.length,
        1,
        (from, to) -> {
          for (int block = from; block < to; block++) {
            double sum = 0;
            for (int i = block * GRAIN; i < Math.min(x.size(), (block + 1L) * GRAIN); i++) {
              sum += x.get(i) * y.get(i);
            }
            partials[block] = sum;
          }
        });
    double sum = 0;
    for (double partial : partials) {
      sum += partial;
    }
    return sum;
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

  private Span scratch(Precision precision) {
    return Span.scratch(precision, BLOCK, kernels);
  }

  private Span.Combination combination(List<Term> terms, Matrix like) {
    if (terms.isEmpty()) {
      return Span.Combination.NONE;
    }
    double[] weights = new double[terms.size()];
    Span[] spans = new Span[terms.size()];
    for (int r = 0; r < spans.length; r++) {
      Shapes.requireLike(like, terms.get(r).matrix());
      weights[r] = terms.get(r).weight();
      spans[r] = span(terms.get(r).matrix());
    }
    return new Span.Combination(weights, spans);
  }

  private static CpuMatrix cpu(Matrix matrix) {
    return (CpuMatrix) matrix;
  }

  private static CpuMatrix contiguous(Matrix matrix) {
    Shapes.requireContiguous(matrix);
    return cpu(matrix);
  }
}
