package io.tangentflow.data;

import io.tangentflow.model.Philox;
import java.util.Arrays;

/**
 * Seeded random orders, the same on every platform. Step i of Durstenfeld's form of the
 * Fisher–Yates shuffle, i = 0, 1, …, exchanges place i with place i + ⌊w·(count − i)/2⁶³⌋, where w
 * are 63 bits of Philox block i: word 0 above word 1, without the lowest bit. The bias is below
 * count/2⁶³.
 */
public final class Permutation {

  /** The Philox stream that draws subsets. */
  static final int SUBSET_STREAM = 17;

  /** The Philox stream that divides train from test. */
  static final int SPLIT_STREAM = 18;

  /** The Philox stream of orders of training. */
  private static final int EPOCH_STREAM = 19;

  private Permutation() {}

  /** A random order of 0 … count − 1 for each epoch of a training of that seed. */
  public static int[] ofEpoch(int count, long seed, long epoch) {
    return prefix(count, count, seed, EPOCH_STREAM, (int) epoch);
  }

  /**
   * The first {@code length} places of a random order of 0 … count − 1: distinct numbers. A shorter
   * one is the beginning of a longer one.
   */
  static int[] prefix(int length, int count, long seed, int stream) {
    return prefix(length, count, seed, stream, 0);
  }

  private static int[] prefix(int length, int count, long seed, int stream, int lane) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = i;
    }
    int[] words = new int[4];
    for (int i = 0; i < length; i++) {
      words[0] = i;
      words[1] = 0;
      words[2] = stream;
      words[3] = lane;
      Philox.block(words, (int) seed, (int) (seed >>> 32));
      long w = ((long) words[0] << 32 | Integer.toUnsignedLong(words[1])) >>> 1;
      int chosen = i + (int) Math.multiplyHigh(w, 2L * (count - i));
      int exchanged = order[i];
      order[i] = order[chosen];
      order[chosen] = exchanged;
    }
    return Arrays.copyOf(order, length);
  }
}
