package io.tangentflow.backend.cpu.vector;

import static io.tangentflow.backend.cpu.vector.DoubleMath.SPECIES;

import java.util.List;
import java.util.stream.IntStream;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorMask;

/**
 * y ← base + w A X on the calling thread, for networks so small that a thread takes a whole one:
 * blocks of two vectors of rows by four columns of X stay in registers while A streams by. A is
 * rows×depth, X depth×columns, base and y are rows×columns, all contiguous and FP64; rows are at
 * least the lanes.
 *
 * <p>Each entry is summed in the order of the depth, wherever its block stands.
 */
final class DoubleProduct {

  private static final int LANES = SPECIES.length();
  private static final VectorMask<Double> ALL = SPECIES.maskAll(true);

  /** Masks of the last lanes; at k of all but k. Old JVMs make one slowly. */
  private static final List<VectorMask<Double>> LAST =
      IntStream.range(0, LANES).mapToObj(k -> VectorMask.fromLong(SPECIES, -1L << k)).toList();

  private final DoubleVector weight;
  private final double[] a;
  private final int a0;
  private final int rows;
  private final int depth;
  private final double[] x;
  private final double[] base;
  private final double[] y;

  DoubleProduct(
      double w, double[] a, int a0, int rows, int depth, double[] x, double[] base, double[] y) {
    this.weight = DoubleMath.constant(w);
    this.a = a;
    this.a0 = a0;
    this.rows = rows;
    this.depth = depth;
    this.x = x;
    this.base = base;
    this.y = y;
  }

  void run(int x0, int columns, int b0, int y0) {
    int lastBlock = rows - LANES;
    int done = rows % LANES == 0 ? 0 : LANES - rows % LANES;
    VectorMask<Double> fresh = LAST.get(done);
    int j = 0;
    for (; j + 4 <= columns; j += 4) {
      int xAt = x0 + j * depth;
      int shift = j * rows;
      int i = 0;
      for (; i <= lastBlock - LANES; i += 2 * LANES) {
        twoByFour(i, xAt, b0 + shift + i, y0 + shift + i);
      }
      for (; i <= lastBlock; i += LANES) {
        oneByFour(i, xAt, b0 + shift + i, y0 + shift + i, ALL);
      }
      if (i < rows) {
        oneByFour(lastBlock, xAt, b0 + shift + lastBlock, y0 + shift + lastBlock, fresh);
      }
    }
    for (; j < columns; j++) {
      int xAt = x0 + j * depth;
      int shift = j * rows;
      int i = 0;
      for (; i <= lastBlock - 3 * LANES; i += 4 * LANES) {
        fourByOne(i, xAt, b0 + shift + i, y0 + shift + i);
      }
      for (; i <= lastBlock; i += LANES) {
        oneByOne(i, xAt, b0 + shift + i, y0 + shift + i, ALL);
      }
      if (i < rows) {
        oneByOne(lastBlock, xAt, b0 + shift + lastBlock, y0 + shift + lastBlock, fresh);
      }
    }
  }

  private void twoByFour(int i, int x0, int b, int o) {
    DoubleVector s00 = DoubleVector.zero(SPECIES);
    DoubleVector s10 = s00;
    DoubleVector s01 = s00;
    DoubleVector s11 = s00;
    DoubleVector s02 = s00;
    DoubleVector s12 = s00;
    DoubleVector s03 = s00;
    DoubleVector s13 = s00;
    int at = a0 + i;
    for (int l = 0; l < depth; l++) {
      DoubleVector a0l = DoubleVector.fromArray(SPECIES, a, at);
      DoubleVector a1l = DoubleVector.fromArray(SPECIES, a, at + LANES);
      DoubleVector x0l = DoubleVector.broadcast(SPECIES, x[x0 + l]);
      DoubleVector x1l = DoubleVector.broadcast(SPECIES, x[x0 + depth + l]);
      DoubleVector x2l = DoubleVector.broadcast(SPECIES, x[x0 + 2 * depth + l]);
      DoubleVector x3l = DoubleVector.broadcast(SPECIES, x[x0 + 3 * depth + l]);
      s00 = a0l.fma(x0l, s00);
      s10 = a1l.fma(x0l, s10);
      s01 = a0l.fma(x1l, s01);
      s11 = a1l.fma(x1l, s11);
      s02 = a0l.fma(x2l, s02);
      s12 = a1l.fma(x2l, s12);
      s03 = a0l.fma(x3l, s03);
      s13 = a1l.fma(x3l, s13);
      at += rows;
    }
    store(s00, b, o);
    store(s10, b + LANES, o + LANES);
    store(s01, b + rows, o + rows);
    store(s11, b + rows + LANES, o + rows + LANES);
    store(s02, b + 2 * rows, o + 2 * rows);
    store(s12, b + 2 * rows + LANES, o + 2 * rows + LANES);
    store(s03, b + 3 * rows, o + 3 * rows);
    store(s13, b + 3 * rows + LANES, o + 3 * rows + LANES);
  }

  private void oneByFour(int i, int x0, int b, int o, VectorMask<Double> fresh) {
    DoubleVector s0 = DoubleVector.zero(SPECIES);
    DoubleVector s1 = s0;
    DoubleVector s2 = s0;
    DoubleVector s3 = s0;
    int at = a0 + i;
    for (int l = 0; l < depth; l++) {
      DoubleVector al = DoubleVector.fromArray(SPECIES, a, at);
      s0 = al.fma(DoubleVector.broadcast(SPECIES, x[x0 + l]), s0);
      s1 = al.fma(DoubleVector.broadcast(SPECIES, x[x0 + depth + l]), s1);
      s2 = al.fma(DoubleVector.broadcast(SPECIES, x[x0 + 2 * depth + l]), s2);
      s3 = al.fma(DoubleVector.broadcast(SPECIES, x[x0 + 3 * depth + l]), s3);
      at += rows;
    }
    store(s0, b, o, fresh);
    store(s1, b + rows, o + rows, fresh);
    store(s2, b + 2 * rows, o + 2 * rows, fresh);
    store(s3, b + 3 * rows, o + 3 * rows, fresh);
  }

  private void fourByOne(int i, int x0, int b, int o) {
    DoubleVector s0 = DoubleVector.zero(SPECIES);
    DoubleVector s1 = s0;
    DoubleVector s2 = s0;
    DoubleVector s3 = s0;
    int at = a0 + i;
    for (int l = 0; l < depth; l++) {
      DoubleVector xl = DoubleVector.broadcast(SPECIES, x[x0 + l]);
      s0 = DoubleVector.fromArray(SPECIES, a, at).fma(xl, s0);
      s1 = DoubleVector.fromArray(SPECIES, a, at + LANES).fma(xl, s1);
      s2 = DoubleVector.fromArray(SPECIES, a, at + 2 * LANES).fma(xl, s2);
      s3 = DoubleVector.fromArray(SPECIES, a, at + 3 * LANES).fma(xl, s3);
      at += rows;
    }
    store(s0, b, o);
    store(s1, b + LANES, o + LANES);
    store(s2, b + 2 * LANES, o + 2 * LANES);
    store(s3, b + 3 * LANES, o + 3 * LANES);
  }

  private void oneByOne(int i, int x0, int b, int o, VectorMask<Double> fresh) {
    DoubleVector s = DoubleVector.zero(SPECIES);
    int at = a0 + i;
    for (int l = 0; l < depth; l++) {
      DoubleVector xl = DoubleVector.broadcast(SPECIES, x[x0 + l]);
      s = DoubleVector.fromArray(SPECIES, a, at).fma(xl, s);
      at += rows;
    }
    store(s, b, o, fresh);
  }

  private void store(DoubleVector sum, int b, int o) {
    sum.fma(weight, DoubleVector.fromArray(SPECIES, base, b)).intoArray(y, o);
  }

  /** Of a block that reaches back over rows that are done, only those that are not. */
  private void store(DoubleVector sum, int b, int o, VectorMask<Double> fresh) {
    DoubleVector value = sum.fma(weight, DoubleVector.fromArray(SPECIES, base, b));
    DoubleVector.fromArray(SPECIES, y, o).blend(value, fresh).intoArray(y, o);
  }
}
