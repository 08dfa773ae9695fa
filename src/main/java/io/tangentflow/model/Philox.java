package io.tangentflow.model;

/**
 * The counter-based generator Philox4x32-10 of Salmon, Moraes, Dror and Shaw, <i>Parallel random
 * numbers: as easy as 1, 2, 3</i> (SC 2011): a bijection of 128-bit counters chosen by a 64-bit
 * key. Any block of any stream can be generated alone, in any order, on any device.
 *
 * <p>Standard normal numbers come in fours by Box–Muller: block b of stream s under a seed is the
 * counter (b mod 2³², ⌊b/2³²⌋, s, 0) under the key (seed mod 2³², ⌊seed/2³²⌋); its words w₀…w₃ give
 * u = (w + ½)·2⁻³² and
 *
 * <pre>
 *   z₀ = r₀ cos 2πu₁,  z₁ = r₀ sin 2πu₁,  r₀ = √(−2 ln u₀),   z₂, z₃ likewise from u₂, u₃.
 * </pre>
 *
 * Number e of a stream is z_(e mod 4) of block ⌊e/4⌋. It is computed in FP64 whatever it is stored
 * in.
 */
public final class Philox {

  /** The published multiplier of the first word, for other implementations of the generator. */
  public static final long MULTIPLIER_0 = 0xD2511F53L;

  /** The published multiplier of the third word. */
  public static final long MULTIPLIER_1 = 0xCD9E8D57L;

  /** What the first word of the key is raised by in each round. */
  public static final int WEYL_0 = 0x9E3779B9;

  /** What the second word of the key is raised by. */
  public static final int WEYL_1 = 0xBB67AE85;

  /** Rounds of the 4x32-10 variant. */
  public static final int ROUNDS = 10;

  private static final double TWO_TO_MINUS_32 = 0x1p-32;

  private Philox() {}

  /** Encrypts the four counter words in place under the key. */
  public static void block(int[] counter, int key0, int key1) {
    int c0 = counter[0];
    int c1 = counter[1];
    int c2 = counter[2];
    int c3 = counter[3];
    int k0 = key0;
    int k1 = key1;
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = MULTIPLIER_0 * Integer.toUnsignedLong(c0);
      long p1 = MULTIPLIER_1 * Integer.toUnsignedLong(c2);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    counter[0] = c0;
    counter[1] = c1;
    counter[2] = c2;
    counter[3] = c3;
  }

  /** A receiver of normal numbers: number {@code index} is {@code value}. */
  @FunctionalInterface
  public interface Sink {
    /** Takes a number. */
    void accept(int index, double value);
  }

  /**
   * Hands numbers {@code first} … {@code first + count − 1} of a stream to the sink, with indices 0
   * … count − 1.
   */
  public static void gaussian(long seed, int stream, long first, int count, Sink sink) {
    int key0 = (int) seed;
    int key1 = (int) (seed >>> 32);
    int[] words = new int[4];
    double[] z = new double[4];
    long end = first + count;
    for (long block = first >> 2; block << 2 < end; block++) {
      words[0] = (int) block;
      words[1] = (int) (block >>> 32);
      words[2] = stream;
      words[3] = 0;
      block(words, key0, key1);
      boxMuller(words[0], words[1], z, 0);
      boxMuller(words[2], words[3], z, 2);
      long base = block << 2;
      int from = (int) Math.max(0, first - base);
      int to = (int) Math.min(4, end - base);
      for (int lane = from; lane < to; lane++) {
        sink.accept((int) (base + lane - first), z[lane]);
      }
    }
  }

  private static void boxMuller(int radiusWord, int angleWord, double[] z, int at) {
    double u0 = (Integer.toUnsignedLong(radiusWord) + 0.5) * TWO_TO_MINUS_32;
    double u1 = (Integer.toUnsignedLong(angleWord) + 0.5) * TWO_TO_MINUS_32;
    double radius = Math.sqrt(-2 * Math.log(u0));
    double angle = 2 * Math.PI * u1;
    z[at] = radius * Math.cos(angle);
    z[at + 1] = radius * Math.sin(angle);
  }
}
