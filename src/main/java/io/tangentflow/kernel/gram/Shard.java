package io.tangentflow.kernel.gram;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of k parts of a matrix's tiles, for k processes: tiles whose numbers follow one another, as
 * many in each part but for one, so that those of a row share the features of that row.
 *
 * @param number from 1 to {@code of}
 * @param of k
 */
public record Shard(int number, int of) {

  /** All tiles. */
  public static final Shard WHOLE = new Shard(1, 1);

  private static final Pattern WORD = Pattern.compile("(\\d{1,9})/(\\d{1,9})");

  /** Which part. */
  public Shard {
    if (number < 1 || number > of) {
      throw new InvalidConfiguration(
          "--shard", number + "/" + of + " is none of 1/" + of + " … " + of + "/" + of);
    }
  }

  /** The part that {@code i/k} names. */
  public static Shard named(String word) {
    Matcher matcher = WORD.matcher(word);
    if (!matcher.matches() || matcher.group(2).matches("0+")) {
      throw new InvalidConfiguration(
          "--shard", "must be i/k, the i-th of k parts, like 1/4, not '" + word + "'");
    }
    return new Shard(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  /** The number of its first tile, of so many tiles. */
  public int from(int tiles) {
    return (int) ((number - 1L) * tiles / of);
  }

  /** The number after that of its last tile. */
  public int to(int tiles) {
    return (int) ((long) number * tiles / of);
  }

  /** How many tiles it has, of so many. */
  public int size(int tiles) {
    return to(tiles) - from(tiles);
  }

  @Override
  public String toString() {
    return number + "/" + of;
  }
}
