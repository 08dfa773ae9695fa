package io.tangentflow.backend.cpu;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.Precision;
import io.tangentflow.model.Activation;
import java.util.Arrays;

/**
 * A contiguous matrix as one array of numbers, with the elementwise loops of its precision.
 * Position {@code at} is the at-th entry in column-major order. The spans of one operation have one
 * precision.
 */
final class Span {

  private static final ThreadLocal<float[]> FLOAT_SCRATCH = new ThreadLocal<>();
  private static final ThreadLocal<double[]> DOUBLE_SCRATCH = new ThreadLocal<>();

  private final Kernels kernels;
  private final Precision precision;
  private final CpuMatrix matrix;
  private final int scratchSize;

  private Span(Kernels kernels, Precision precision, CpuMatrix matrix, int scratchSize) {
    this.kernels = kernels;
    this.precision = precision;
    this.matrix = matrix;
    this.scratchSize = scratchSize;
  }

  static Span of(CpuMatrix matrix, Kernels kernels) {
    return new Span(kernels, matrix.precision(), matrix, 0);
  }

  /**
   * A block of that many numbers in each thread's own memory: whatever the position, it is the same
   * block.
   */
  static Span scratch(Precision precision, int size, Kernels kernels) {
    return new Span(kernels, precision, null, size);
  }

  /** value ← φ(this), derivative ← φ'(this). */
  void activate(Activation phi, int at, Span value, Span derivative, int count) {
    if (precision == Precision.FP32) {
      kernels.activate(
          phi,
          floats(),
          index(at),
          value.floats(),
          value.index(at),
          derivative.floats(),
          derivative.index(at),
          count);
    } else {
      kernels.activate(
          phi,
          doubles(),
          index(at),
          value.doubles(),
          value.index(at),
          derivative.doubles(),
          derivative.index(at),
          count);
    }
  }

  /** out ← w this. */
  void scale(double w, int at, Span out, int count) {
    if (precision == Precision.FP32) {
      kernels.scale(w, floats(), index(at), out.floats(), out.index(at), count);
    } else {
      kernels.scale(w, doubles(), index(at), out.doubles(), out.index(at), count);
    }
  }

  /** out ← this + w x. */
  void add(double w, Span x, int at, Span out, int count) {
    if (precision == Precision.FP32) {
      kernels.add(
          floats(), index(at), w, x.floats(), x.index(at), out.floats(), out.index(at), count);
    } else {
      kernels.add(
          doubles(), index(at), w, x.doubles(), x.index(at), out.doubles(), out.index(at), count);
    }
  }

  /** out ← this ∘ y, this from {@code at} on, the others from {@code otherAt} on. */
  void multiply(int at, Span y, int otherAt, Span out, int count) {
    if (precision == Precision.FP32) {
      kernels.multiply(
          floats(),
          index(at),
          y.floats(),
          y.index(otherAt),
          out.floats(),
          out.index(otherAt),
          count);
    } else {
      kernels.multiply(
          doubles(),
          index(at),
          y.doubles(),
          y.index(otherAt),
          out.doubles(),
          out.index(otherAt),
          count);
    }
  }

  /**
   * out ← this + w A X, A and X from their beginning, this from {@code at} on, out from {@code o}
   * on; A is rows×depth, X depth×columns, this and out are rows×columns. Out may be this.
   */
  void addProduct(
      double w, Span a, int rows, int depth, Span x, int columns, int at, Span out, int o) {
    if (precision == Precision.FP32) {
      kernels.addProduct(
          w,
          a.floats(),
          a.index(0),
          rows,
          depth,
          x.floats(),
          x.index(0),
          columns,
          floats(),
          index(at),
          out.floats(),
          out.index(o));
    } else {
      kernels.addProduct(
          w,
          a.doubles(),
          a.index(0),
          rows,
          depth,
          x.doubles(),
          x.index(0),
          columns,
          doubles(),
          index(at),
          out.doubles(),
          out.index(o));
    }
  }

  /** A step of Adam with this for the gradient: m, v and θ are modified. */
  void adam(AdamStep step, int at, Span m, Span v, Span theta, int count) {
    if (precision == Precision.FP32) {
      kernels.adam(
          step,
          floats(),
          index(at),
          m.floats(),
          m.index(at),
          v.floats(),
          v.index(at),
          theta.floats(),
          theta.index(at),
          count);
    } else {
      kernels.adam(
          step,
          doubles(),
          index(at),
          m.doubles(),
          m.index(at),
          v.doubles(),
          v.index(at),
          theta.doubles(),
          theta.index(at),
          count);
    }
  }

  /** this, from {@code at} on, ← numbers {@code first} … first + count − 1 of a stream. */
  void gaussian(long seed, int stream, long first, int at, int count) {
    if (precision == Precision.FP32) {
      kernels.gaussian(seed, stream, first, floats(), index(at), count);
    } else {
      kernels.gaussian(seed, stream, first, doubles(), index(at), count);
    }
  }

  /** this ← 0. */
  void clear(int at, int count) {
    if (precision == Precision.FP32) {
      Arrays.fill(floats(), index(at), index(at) + count, 0);
    } else {
      Arrays.fill(doubles(), index(at), index(at) + count, 0);
    }
  }

  Precision precision() {
    return precision;
  }

  private int index(int at) {
    return matrix == null ? 0 : matrix.start() + at;
  }

  private float[] floats() {
    if (matrix != null) {
      return matrix.floats();
    }
    float[] scratch = FLOAT_SCRATCH.get();
    if (scratch == null || scratch.length < scratchSize) {
      scratch = new float[scratchSize];
      FLOAT_SCRATCH.set(scratch);
    }
    return scratch;
  }

  private double[] doubles() {
    if (matrix != null) {
      return matrix.doubles();
    }
    double[] scratch = DOUBLE_SCRATCH.get();
    if (scratch == null || scratch.length < scratchSize) {
      scratch = new double[scratchSize];
      DOUBLE_SCRATCH.set(scratch);
    }
    return scratch;
  }

  /** Σ w_r K_r, of other terms again and again. */
  static final class Combination {

    private double[] weights = new double[0];
    private Span[] terms = new Span[0];
    private int count;

    /** Becomes a sum of so many terms, each of which is to be {@link #set}. */
    void resize(int newCount) {
      if (terms.length < newCount) {
        weights = new double[newCount];
        terms = new Span[newCount];
      }
      count = newCount;
    }

    void set(int r, double weight, Span term) {
      weights[r] = weight;
      terms[r] = term;
    }

    boolean isEmpty() {
      return count == 0;
    }

    /** out ← y + Σ w_r K_r; out may be y. */
    void addTo(Span y, int at, Span out, int entries) {
      Span sum = y;
      for (int r = 0; r < count; r++) {
        sum.add(weights[r], terms[r], at, out, entries);
        sum = out;
      }
      if (sum != out) {
        sum.scale(1, at, out, entries);
      }
    }
  }
}
