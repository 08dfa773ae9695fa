package io.tangentflow.backend.cpu.vector;

import static io.tangentflow.backend.cpu.vector.DoubleMath.SPECIES;
import static io.tangentflow.backend.cpu.vector.DoubleMath.constant;

import io.tangentflow.model.Philox;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The normal numbers of {@link Philox#gaussian}, a thread's own generator: Philox as there, then
 * Box–Muller in FP64 vectors, to a few units in the last place of what {@link Math} gives.
 *
 * <p>A lane holds a pair of words. The angle 2πu is rounded as there before it is reduced, because
 * its rounding moves z further than that. Functions are Taylor series in a reduced argument, with
 * their leading terms apart, so that rounding in the series is of no account.
 */
final class Gaussian {

  private static final ThreadLocal<Gaussian> OF_THREAD = ThreadLocal.withInitial(Gaussian::new);

  /** Blocks that are made at a time: 8 KiB, in the first-level cache. */
  private static final int BLOCKS = 128;

  private static final VectorSpecies<Long> WORDS = SPECIES.withLanes(long.class);
  private static final long WORD = 0xFFFFFFFFL;
  private static final LongVector LANE_NUMBERS = LongVector.zero(WORDS).addIndex(1);

  private static final int LANES = SPECIES.length();
  private static final double TWO_TO_MINUS_32 = 0x1p-32;

  private static final double ROUND = 0x1.8p52;
  private static final double HALF_PI_HIGH = Math.PI / 2;

  /** π/2 − {@link #HALF_PI_HIGH}. */
  private static final double HALF_PI_LOW = 6.123233995736766e-17;

  /** The leading bits of log 2, so few that their product with an exponent is exact. */
  private static final double LN2_HIGH =
      Double.longBitsToDouble(Double.doubleToRawLongBits(Math.log(2)) & -1L << 20);

  /** log 2 − {@link #LN2_HIGH}. */
  private static final double LN2_LOW = Math.log(2) - LN2_HIGH + 2.3190468138462996e-17;

  private static final int MANTISSA_BITS = 52;

  /** Exponents are counted from −64, which is below that of the least u, 2⁻³³. */
  private static final int LEAST_EXPONENT = -64;

  /** √½·2⁻⁶⁴: the bits beyond its are those of an exponent and of a mantissa in [√½, √2). */
  private static final long LEAST_BITS =
      Double.doubleToRawLongBits(Math.scalb(Math.sqrt(0.5), LEAST_EXPONENT));

  private static final double TWO_TO_52 = 0x1p52;
  private static final long TWO_TO_52_BITS = Double.doubleToRawLongBits(TWO_TO_52);

  /** 2 atanh s = s (2 + z (R₀ + R₁ z + …)) with z = s² ≤ (√2 − 1)⁴, R_k = 2/(2k + 3). */
  private static final double[] ATANH = series(11, k -> 2.0 / (2 * k + 3));

  /** sin r = r + r z (S₀ + S₁ z + …) with z = r² ≤ (π/4)², S_k = (−1)^(k+1)/(2k + 3)!. */
  private static final double[] SINE = series(8, k -> (k % 2 == 0 ? -1 : 1) / factorial(2 * k + 3));

  /** cos r = 1 + z (−½ + z (C₀ + C₁ z + …)), C_k = (−1)^k/(2k + 4)!. */
  private static final double[] COSINE =
      series(8, k -> (k % 2 == 0 ? 1 : -1) / factorial(2 * k + 4));

  /** A pass over so many blocks. */
  private interface Pass {
    void run(Gaussian generator, int blocks);
  }

  /**
   * Called through one place with several receivers, which compilers of JVMs do not inline:
   * together they exceed what one method may inline, and vectors that are not inlined are slow
   * objects.
   */
  private static final Pass[] PASSES = {
    Gaussian::words,
    (generator, blocks) -> generator.radii(0, blocks),
    (generator, blocks) -> generator.radii(BLOCKS, blocks),
    (generator, blocks) -> generator.points(0, blocks),
    (generator, blocks) -> generator.points(BLOCKS, blocks),
    Gaussian::interleave
  };

  private long seed;
  private int stream;
  private long firstBlock;

  /** Of the first pairs of all blocks, then of their second pairs: words, u, √(−2 ln u), z. */
  private final double[] radial = new double[2 * BLOCKS];

  private final double[] angular = new double[2 * BLOCKS];
  private final double[] z = new double[4 * BLOCKS];

  static void fill(long seed, int stream, long first, float[] out, int o, int count) {
    Gaussian generator = OF_THREAD.get();
    int length;
    for (int at = 0; at < count; at += length) {
      int skipped = (int) (first + at & 3);
      length = Math.min(count - at, 4 * BLOCKS - skipped);
      generator.make(seed, stream, first + at >> 2, skipped + length);
      for (int i = 0; i < length; i++) {
        out[o + at + i] = (float) generator.z[skipped + i];
      }
    }
  }

  static void fill(long seed, int stream, long first, double[] out, int o, int count) {
    Gaussian generator = OF_THREAD.get();
    int length;
    for (int at = 0; at < count; at += length) {
      int skipped = (int) (first + at & 3);
      length = Math.min(count - at, 4 * BLOCKS - skipped);
      generator.make(seed, stream, first + at >> 2, skipped + length);
      System.arraycopy(generator.z, skipped, out, o + at, length);
    }
  }

  /** z ← the numbers of the blocks from that one on, at least so many of them. */
  private void make(long newSeed, int newStream, long first, int count) {
    seed = newSeed;
    stream = newStream;
    firstBlock = first;
    for (Pass pass : PASSES) {
      pass.run(this, (count + 3) / 4);
    }
  }

  /** {@link Philox#block} of a block in each lane, the words as 64-bit numbers. */
  private void words(int blocks) {
    for (int b = 0; b < blocks; b += LANES) {
      LongVector block = LongVector.broadcast(WORDS, firstBlock + b).add(LANE_NUMBERS);
      LongVector c0 = block.and(WORD);
      LongVector c1 = block.lanewise(VectorOperators.LSHR, 32);
      LongVector c2 = LongVector.broadcast(WORDS, stream & WORD);
      LongVector c3 = LongVector.zero(WORDS);
      long key0 = seed & WORD;
      long key1 = seed >>> 32;
      for (int round = 0; round < Philox.ROUNDS; round++) {
        LongVector p0 = c0.mul(Philox.MULTIPLIER_0);
        LongVector p1 = c2.mul(Philox.MULTIPLIER_1);
        c0 =
            p1.lanewise(VectorOperators.LSHR, 32)
                .lanewise(VectorOperators.XOR, c1)
                .lanewise(VectorOperators.XOR, key0);
        c1 = p1.and(WORD);
        c2 =
            p0.lanewise(VectorOperators.LSHR, 32)
                .lanewise(VectorOperators.XOR, c3)
                .lanewise(VectorOperators.XOR, key1);
        c3 = p0.and(WORD);
        key0 = key0 + Philox.WEYL_0 & WORD;
        key1 = key1 + Philox.WEYL_1 & WORD;
      }
      uniform(c0).intoArray(radial, b);
      uniform(c1).intoArray(angular, b);
      uniform(c2).intoArray(radial, BLOCKS + b);
      uniform(c3).intoArray(angular, BLOCKS + b);
    }
  }

  /** (w + ½)·2⁻³², the word read as the last bits of a number beyond 2⁵². */
  private static DoubleVector uniform(LongVector word) {
    return word.or(TWO_TO_52_BITS)
        .reinterpretAsDoubles()
        .sub(TWO_TO_52)
        .add(0.5)
        .mul(TWO_TO_MINUS_32);
  }

  /**
   * radial ← √(−2 log u) of itself: with u = 2ᵉ(1 + f) and s = f/(2 + f), log(1 + f) = 2 atanh s is
   * summed as f − (f²/2 − s (f²/2 + z R)), whose first term is exact.
   */
  private void radii(int from, int count) {
    for (int p = from; p < from + count; p += LANES) {
      LongVector bits = DoubleVector.fromArray(SPECIES, radial, p).reinterpretAsLongs();
      LongVector exponent =
          bits.sub(LEAST_BITS).lanewise(VectorOperators.LSHR, MANTISSA_BITS); // e + 64
      DoubleVector e =
          exponent.or(TWO_TO_52_BITS).reinterpretAsDoubles().sub(TWO_TO_52 - LEAST_EXPONENT);
      DoubleVector f =
          bits.sub(exponent.add(LEAST_EXPONENT).lanewise(VectorOperators.LSHL, MANTISSA_BITS))
              .reinterpretAsDoubles()
              .sub(1);
      DoubleVector s = f.div(f.add(2));
      DoubleVector squareOfF = f.mul(f);
      DoubleVector lost = f.fma(f, squareOfF.neg()).mul(0.5);
      DoubleVector half = squareOfF.mul(0.5);
      DoubleVector square = s.mul(s);
      DoubleVector small = s.fma(square.fma(sum(ATANH, square), half), e.mul(LN2_LOW)).sub(lost);
      DoubleVector exact = e.mul(-LN2_HIGH);
      DoubleVector leading = exact.sub(f);
      DoubleVector trailing = exact.sub(leading).sub(f);
      DoubleVector minusLog = leading.add(trailing.add(half.sub(small)));
      minusLog.add(minusLog).sqrt().intoArray(radial, p);
    }
  }

  /** From radii and angles as fractions of a turn to coordinates. */
  private void points(int from, int count) {
    for (int p = from; p < from + count; p += LANES) {
      DoubleVector radius = DoubleVector.fromArray(SPECIES, radial, p);
      DoubleVector angle = DoubleVector.fromArray(SPECIES, angular, p).mul(2 * Math.PI);
      DoubleVector shifted = angle.fma(constant(2 / Math.PI), constant(ROUND));
      DoubleVector quadrant = shifted.sub(ROUND);
      DoubleVector high = quadrant.fma(constant(-HALF_PI_HIGH), angle); // Exact.
      DoubleVector r = quadrant.fma(constant(-HALF_PI_LOW), high);
      DoubleVector low = quadrant.fma(constant(-HALF_PI_LOW), high.sub(r));
      DoubleVector square = r.mul(r);
      DoubleVector half = square.mul(0.5);
      DoubleVector main = constant(1).sub(half);
      DoubleVector sine = r.add(r.mul(square).fma(sum(SINE, square), low.mul(main)));
      DoubleVector lost = constant(1).sub(main).sub(half).sub(r.mul(low));
      DoubleVector lostOfSquare = r.fma(r, square.neg());
      DoubleVector cosine =
          main.add(
              square.mul(square).fma(sum(COSINE, square), lostOfSquare.fma(constant(-0.5), lost)));
      LongVector k = shifted.reinterpretAsLongs();
      LongVector exchange = DoubleMath.exchange(k, sine, cosine);
      radius.mul(DoubleMath.inQuadrant(k.add(1), cosine, exchange)).intoArray(radial, p);
      radius.mul(DoubleMath.inQuadrant(k, sine, exchange)).intoArray(angular, p);
    }
  }

  private void interleave(int blocks) {
    for (int b = 0; b < blocks; b++) {
      z[4 * b] = radial[b];
      z[4 * b + 1] = angular[b];
      z[4 * b + 2] = radial[BLOCKS + b];
      z[4 * b + 3] = angular[BLOCKS + b];
    }
  }

  private static DoubleVector sum(double[] series, DoubleVector z) {
    DoubleVector sum = constant(series[series.length - 1]);
    for (int k = series.length - 2; k >= 0; k--) {
      sum = sum.fma(z, constant(series[k]));
    }
    return sum;
  }

  private static double[] series(int terms, IntToDoubleFunction coefficient) {
    double[] series = new double[terms];
    Arrays.setAll(series, coefficient::applyAsDouble);
    return series;
  }

  private static double factorial(int n) {
    return n <= 1 ? 1 : n * factorial(n - 1);
  }
}
