package io.tangentflow.kernel.empirical;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Times the operations that a Gram matrix is made of on the backend that shall make it, at the
 * shapes of the problem. Where a shape would take long, a part of it is timed and the time scaled:
 * fewer rows of W, fewer samples, a shorter inner dimension. On a device each takes some
 * milliseconds, on the host a sixth of a second.
 */
final class GramPilot implements AutoCloseable {

  /** FLOPs of a call that is timed whole. */
  private static final double CALL_FLOPS_ON_HOST = 5e8;

  private static final double CALL_FLOPS_ON_DEVICE = 5e10;

  /** Samples from which on the time of a pass or of a product with W is linear in their number. */
  private static final int MANY_SAMPLES = 256;

  private static final double SHORTEST_SECONDS = 0.004;

  /** For the compiler of a JVM that has just begun; its interpreter is a hundred times slower. */
  private static final double LEAST_SECONDS_ON_HOST = 0.15;

  private static final double LONGEST_SECONDS = 1;

  /** Measurements end when one is no faster than this fraction of the fastest before it. */
  private static final double SETTLED = 0.95;

  private static final long SEED = 1;

  private final NeuralOde model;
  private final Backend backend;
  private final double callFlops;
  private final LongSupplier nanos;
  private final Workspace workspace;
  private final Matrix one;

  /**
   * A pilot by that clock.
   *
   * @param nanos the time in nanoseconds
   */
  GramPilot(NeuralOde model, Backend backend, LongSupplier nanos) {
    this(
        model,
        backend,
        nanos,
        backend.sharesHostMemory() ? CALL_FLOPS_ON_HOST : CALL_FLOPS_ON_DEVICE);
  }

  /** The same, with other FLOPs of a call that is timed whole. */
  GramPilot(NeuralOde model, Backend backend, LongSupplier nanos, double callFlops) {
    this.model = model;
    this.backend = backend;
    this.nanos = nanos;
    this.callFlops = callFlops;
    workspace = backend.workspace("the end of a pilot", Double.BYTES);
    one = workspace.allocate(1, 1);
  }

  /**
   * Seconds of the solves of a block of samples.
   *
   * @param weights of making W
   * @param forward of an evaluation of the field
   * @param back of an evaluation of its adjoints
   */
  record Solve(double weights, double forward, double back) {}

  /** Times a solve within the memory that the solve itself would take. */
  Solve solve(GramPlan plan, int stages) {
    int n = model.width();
    int m = model.outputs();
    int samples = plan.blockSize();
    int columns = Math.min(samples, MANY_SAMPLES);
    int rows = part(plan.weightsByPanels() ? plan.weightColumns() : n, 2.0 * n * columns);
    try (Workspace scratch = backend.workspace("the pilot of a solve", plan.deviceBytes())) {
      Matrix w = scratch.allocate(rows, n);
      double normals = seconds(() -> backend.gaussian(w, SEED, 0));
      Matrix states = scratch.allocate(n, columns * m);
      backend.gaussian(states, SEED, 1);
      Matrix products = scratch.allocate(n, columns * m);
      Matrix next = scratch.allocate(n, columns * m);
      Matrix derivative = scratch.allocate(n, columns);
      Matrix result = products.rowRange(0, rows);
      double product =
          seconds(
              () ->
                  backend.gemm(
                      Transpose.NO,
                      Transpose.NO,
                      1e-3,
                      w,
                      states.columnRange(0, columns),
                      0,
                      result.columnRange(0, columns)));
      double adjointProduct =
          seconds(() -> backend.gemm(Transpose.NO, Transpose.NO, 1e-3, w, states, 0, result));
      Matrix value = states.columnRange(0, columns);
      Matrix h = products.columnRange(0, columns);
      List<Term> terms = List.of(new Term(1e-3, h));
      double pass =
          seconds(
              () -> {
                if (stages == 1) {
                  backend.activate(model.activation(), h, value, derivative);
                } else {
                  backend.stage(model.activation(), h, terms, value, derivative);
                }
              });
      double adjointPass =
          seconds(() -> backend.adjointStep(derivative, products, List.of(), states, 1e-3, next));
      double ofAll = (double) samples / columns;
      double whole = (double) n / rows;
      return new Solve(
          normals * whole,
          ofAll * (product * whole + pass),
          ofAll * (adjointProduct * whole + adjointPass));
    }
  }

  /**
   * Seconds of the structured way for two blocks of samples.
   *
   * @param pair of the products of one slot with another, and their contraction
   * @param slot of the products of a slot with itself, and their contraction
   */
  record Structured(double pair, double slot) {}

  /** Times products of slots and contractions within the memory that they would take. */
  Structured structured(int samples, int pairs, long deviceBytes) {
    int n = model.width();
    int rows = samples * model.outputs();
    long entries = (long) rows * rows;
    int number = backend.precision().bytes();
    int panel = Math.min(GramPlan.panel(entries * number, pairs), Math.max(1, pairs / 2));
    double flopsOfRow = 2.0 * ((double) rows * rows + (double) samples * samples);
    int count = part(panel, flopsOfRow * n);
    int inner = part(n, flopsOfRow * count);
    try (Workspace scratch = backend.workspace("the pilot of a contraction", deviceBytes)) {
      Matrix sum = scratch.allocate(rows, rows, Precision.FP64);
      Matrix p = scratch.allocate(rows, rows * count);
      Matrix r = scratch.allocate(samples, samples * count);
      Matrix slots = scratch.allocate(inner, rows * count);
      backend.gaussian(slots, SEED, 0);
      Matrix adjoint = slots.columnRange(0, rows);
      Matrix activation = slots.columnRange(0, samples);
      Matrix activations = slots.columnRange(0, samples * count);
      double products =
          seconds(
              () -> {
                products(adjoint, slots, p);
                products(activation, activations, r);
              });
      double contraction = seconds(() -> backend.contract(p, r, sum));
      Matrix pOfSlot = p.columnRange(0, rows);
      Matrix rOfSlot = r.columnRange(0, samples);
      double squares =
          seconds(
              () -> {
                backend.syrk(adjoint, pOfSlot);
                backend.syrk(activation, rOfSlot);
              });
      double contractionOfSlot = seconds(() -> backend.contract(pOfSlot, rOfSlot, sum));
      double whole = (double) n / inner;
      return new Structured(
          (products * whole + contraction) / count, squares * whole + contractionOfSlot);
    }
  }

  private void products(Matrix a, Matrix b, Matrix result) {
    backend.gemm(Transpose.YES, Transpose.NO, 1, a, b, 0, result);
  }

  /**
   * Seconds of the explicit way for two blocks of samples.
   *
   * @param gradients of forming ∂f/∂W of all samples of a block
   * @param squares of their products with each other
   */
  record Explicit(double gradients, double squares) {}

  /** Times a panel of gradients within the memory that it would take. */
  Explicit explicit(int samples, int pairs, long deviceBytes) {
    int n = model.width();
    int gradients = samples * model.outputs();
    int number = backend.precision().bytes();
    int panel = GramPlan.panel((long) n * gradients * number, n);
    int rows = part(panel, (double) n * gradients * (gradients + 2.0 * pairs));
    try (Workspace scratch = backend.workspace("the pilot of gradients", deviceBytes)) {
      Matrix gradient = scratch.allocate(rows * n, gradients);
      Matrix product = scratch.allocate(gradients, gradients);
      Matrix features = scratch.allocate(n, pairs);
      backend.gaussian(features, SEED, 0);
      Matrix adjoints = features.rowRange(0, rows);
      double forming =
          seconds(
              () -> {
                for (int i = 0; i < gradients; i++) {
                  backend.gemm(
                      Transpose.NO,
                      Transpose.YES,
                      1,
                      adjoints,
                      features,
                      0,
                      gradient.columnRange(i, 1).reshape(rows, n));
                }
              });
      double squares = seconds(() -> backend.syrk(gradient, product));
      double whole = (double) n / rows;
      return new Explicit(forming * whole, squares * whole);
    }
  }

  /**
   * Seconds of compressing pairs of the features of a block of samples, within the memory of its
   * solve.
   */
  double compression(int samples, int pairs, int nodes, long deviceBytes) {
    int n = model.width();
    int columns = Math.min(samples, MANY_SAMPLES) * (1 + model.outputs());
    int rows = part(n, 2.0 * columns * pairs * nodes);
    try (Workspace scratch = backend.workspace("the pilot of a compression", deviceBytes)) {
      Matrix slots = scratch.allocate(rows * columns, pairs);
      backend.gaussian(slots, SEED, 0);
      Matrix coefficients = scratch.allocate(rows * columns, nodes);
      Matrix map = scratch.allocate(pairs, nodes);
      Matrix slot = slots.columnRange(0, 1);
      double projection =
          seconds(() -> backend.gemm(Transpose.NO, Transpose.NO, 1, slots, map, 0, coefficients));
      Matrix rest = scratch.allocate(rows * columns, 1);
      Matrix row = scratch.allocate(nodes, 1);
      double remainder =
          seconds(
              () -> {
                backend.copy(slot, rest);
                backend.gemm(Transpose.NO, Transpose.NO, -1, coefficients, row, 1, rest);
                backend.dot(rest, rest);
              });
      double ofAll = (double) samples * (1 + model.outputs()) / columns * n / rows;
      return ofAll * (projection + pairs * remainder);
    }
  }

  /** How many of {@code available} a timed call takes. */
  private int part(int available, double flopsOfOne) {
    return (int) Math.min(available, Math.max(1, callFlops / flopsOfOne));
  }

  /** Of one call, the least over measurements that go on while they become shorter. */
  private double seconds(Runnable call) {
    double begin = nanos.getAsLong();
    long calls = 1;
    double least = Double.POSITIVE_INFINITY;
    while (true) {
      double start = nanos.getAsLong();
      for (long k = 0; k < calls; k++) {
        call.run();
      }
      settle();
      double now = nanos.getAsLong();
      double each = (now - start) * 1e-9 / calls;
      boolean settled = each > SETTLED * least;
      least = Math.min(least, each);
      boolean tooShort = each * calls < SHORTEST_SECONDS;
      double elapsed = (now - begin) * 1e-9;
      boolean warm = !backend.sharesHostMemory() || elapsed > LEAST_SECONDS_ON_HOST;
      if ((settled && !tooShort && warm) || elapsed > LONGEST_SECONDS) {
        return least;
      }
      calls = tooShort ? 2 * calls : calls;
    }
  }

  /** Waits for the device: a sum that the host reads. */
  private void settle() {
    backend.dot(one, one);
  }

  @Override
  public void close() {
    workspace.close();
  }
}
