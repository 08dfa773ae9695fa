package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.benchmarks.OpenBackend;
import java.util.ArrayList;
import java.util.List;

/**
 * y = w₀ base + Σ w_r K_r, entry by entry in FP64.
 *
 * @param values y
 * @param sizes the sums of the terms' absolute values, which bound the rounding
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record Sum(double[] values, double[] sizes) {

  private static final double[] WEIGHTS = {0.25, -0.5, 0.125, -0.75, 0.5, -0.125};

  /** So many terms, of normal numbers and weights of either sign. */
  static List<Term> terms(int count, int rows, int columns, OpenBackend engine) {
    List<Term> terms = new ArrayList<>();
    for (int r = 0; r < count; r++) {
      terms.add(new Term(WEIGHTS[r], engine.normal(rows, columns)));
    }
    return terms;
  }

  /** The same with their signs changed. */
  static List<Term> negative(List<Term> terms) {
    return terms.stream().map(term -> new Term(-term.weight(), term.matrix())).toList();
  }

  static Sum of(double weight, double[] base, List<Term> terms, OpenBackend engine) {
    Sum sum = new Sum(new double[base.length], new double[base.length]);
    sum.add(weight, base);
    for (Term term : terms) {
      sum.add(term.weight(), engine.values(term.matrix()));
    }
    return sum;
  }

  private void add(double weight, double[] term) {
    for (int i = 0; i < term.length; i++) {
      values[i] += weight * term[i];
      sizes[i] += Math.abs(weight * term[i]);
    }
  }

  /** Adds d ∘ x. */
  Sum addProduct(double[] d, double[] x) {
    for (int i = 0; i < x.length; i++) {
      values[i] += d[i] * x[i];
      sizes[i] += Math.abs(d[i] * x[i]);
    }
    return this;
  }

  static Matrix signs(int rows, int columns, OpenBackend engine) {
    Matrix signs = engine.normal(rows, columns);
    double[] values = engine.values(signs);
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.copySign(1, values[i]);
    }
    engine.set(signs, values);
    return signs;
  }
}
