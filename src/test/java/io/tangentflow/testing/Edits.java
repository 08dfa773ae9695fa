package io.tangentflow.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import net.jqwik.api.providers.ArbitraryProvider;
import net.jqwik.api.providers.TypeUsage;

/**
 * What is done to a valid file to make a hostile one.
 *
 * @param original which of the valid files
 * @param list the edits, one after the other; none leaves the file valid
 * @param packing whether the result is packed by gzip, and when
 */
public record Edits(int original, List<Edit> list, Packing packing) {

  /** When a file is packed by gzip. */
  public enum Packing {
    NONE,
    /** Valid gzip of an edited file. */
    AFTER,
    /** Edited gzip of a valid file. */
    BEFORE
  }

  /** One edit. */
  public record Edit(Kind kind, int at, int length, int choice) {}

  /** What an edit does at its place. */
  public enum Kind {
    FLIP,
    CUT,
    END,
    REPEAT,
    BYTES,
    NUMBER,
    WORD,
    DROP,
    NEST,
    ALL
  }

  /** A byte of deflate stands for no more bytes. */
  private static final long DEFLATE_RATIO = 1_032;

  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    2,
    255,
    65_536,
    46_341,
    1 << 20,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Double.doubleToLongBits(Double.NaN),
    Double.doubleToLongBits(Double.POSITIVE_INFINITY),
    Float.floatToIntBits(Float.NaN)
  };

  private static final List<byte[]> WORDS =
      List.of(
          text("0"),
          text("-1"),
          text("1"),
          text("2"),
          text("1.5"),
          text("NaN"),
          text("\"NaN\""),
          text("-Infinity"),
          text("1e400"),
          text("1e-400"),
          text("1e999999999"),
          text("2147483647"),
          text("2147483648"),
          text("46341"),
          text("4294967296"),
          text("9223372036854775807"),
          text("9223372036854775808"),
          text("9".repeat(2_000)),
          text("null"),
          text("true"),
          text("[]"),
          text("{}"),
          text("\"\""),
          text("[null]"),
          text("{\"a\":null}"),
          text("\"\\u0000\""),
          text("\"../../../../etc/passwd\""),
          text("\"/etc/passwd\""),
          text(","),
          text("\""),
          text("\n"),
          text("+999999999-12-31"),
          text("x".repeat(3_000)),
          new byte[] {(byte) 0xC3, (byte) 0x28},
          new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
          new byte[] {(byte) 0xFF, (byte) 0xFE},
          new byte[] {0},
          new byte[] {0x1B, '[', '2', 'J'});

  private static byte[] text(String word) {
    return word.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * A hostile file.
   *
   * @param length of what it holds, unpacked; of damaged gzip, what it could hold at most
   */
  @SuppressWarnings("ArrayRecordComponent") // Held for the time of a reading.
  public record Input(byte[] bytes, long length) {}

  /** The hostile file. */
  public Input of(List<byte[]> originals) {
    byte[] bytes = originals.get(original % originals.size());
    if (packing == Packing.BEFORE) {
      bytes = packed(bytes);
    }
    for (Edit edit : list) {
      bytes = edited(bytes, edit);
    }
    return switch (packing) {
      case NONE -> new Input(bytes, bytes.length);
      case AFTER -> new Input(packed(bytes), bytes.length);
      case BEFORE -> new Input(bytes, DEFLATE_RATIO * bytes.length);
    };
  }

  /** These without gzip, for readers that do not unpack. */
  public Edits plain() {
    return new Edits(original, list, Packing.NONE);
  }

  /** As {@link #of}, of a text. */
  public String of(String... originals) {
    List<byte[]> all = Arrays.stream(originals).map(Edits::text).toList();
    return new String(plain().of(all).bytes(), StandardCharsets.UTF_8);
  }

  private static byte[] packed(byte[] bytes) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  private static byte[] edited(byte[] bytes, Edit edit) {
    int at = edit.at() % (bytes.length + 1);
    int length = Math.min(edit.length(), bytes.length - at);
    return switch (edit.kind()) {
      case FLIP -> flipped(bytes, at, edit.choice());
      case CUT -> spliced(bytes, at, at + length, new byte[0]);
      case END -> Arrays.copyOf(bytes, at);
      case REPEAT -> spliced(bytes, at, at, Arrays.copyOfRange(bytes, at, at + length));
      case BYTES -> spliced(bytes, at, at, random(edit.length(), edit.choice()));
      case NUMBER -> withNumber(bytes, at, edit);
      case WORD -> {
        int from = tokenStart(bytes, at);
        byte[] word = WORDS.get(edit.choice() % WORDS.size());
        yield spliced(bytes, from, tokenEnd(bytes, from), word);
      }
      case DROP -> {
        int from = tokenStart(bytes, at);
        yield spliced(bytes, from, Math.min(bytes.length, tokenEnd(bytes, from) + 1), new byte[0]);
      }
      case NEST -> spliced(bytes, at, at, nested(edit));
      case ALL -> random(edit.length(), edit.choice());
    };
  }

  private static byte[] flipped(byte[] bytes, int at, int choice) {
    byte[] flipped = bytes.clone();
    if (at < flipped.length) {
      flipped[at] ^= (byte) (1 << (choice & 7));
    }
    return flipped;
  }

  private static byte[] spliced(byte[] bytes, int from, int to, byte[] inserted) {
    byte[] spliced = Arrays.copyOf(bytes, bytes.length - (to - from) + inserted.length);
    System.arraycopy(inserted, 0, spliced, from, inserted.length);
    System.arraycopy(bytes, to, spliced, from + inserted.length, bytes.length - to);
    return spliced;
  }

  private static byte[] random(int length, int choice) {
    byte[] random = new byte[length];
    new Random(choice).nextBytes(random);
    return random;
  }

  /** In the place of a field of 2, 4 or 8 bytes in either order. */
  private static byte[] withNumber(byte[] bytes, int at, Edit edit) {
    int width = 2 << edit.length() % 3;
    int place = at / 2 * 2;
    if (place + width > bytes.length) {
      return bytes;
    }
    byte[] with = bytes.clone();
    ByteBuffer buffer =
        ByteBuffer.wrap(with)
            .order((edit.choice() & 1) == 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    long number = NUMBERS[(edit.choice() >>> 1) % NUMBERS.length];
    switch (width) {
      case 2 -> buffer.putShort(place, (short) number);
      case 4 -> buffer.putInt(place, (int) number);
      default -> buffer.putLong(place, number);
    }
    return with;
  }

  private static byte[] nested(Edit edit) {
    String open = edit.choice() % 2 == 0 ? "[" : "{\"a\":";
    return text(open.repeat(1 + edit.choice() % 3_000));
  }

  private static int tokenStart(byte[] bytes, int at) {
    int from = at;
    while (from > 0 && !isDelimiter(bytes[from - 1])) {
      from--;
    }
    return from;
  }

  private static int tokenEnd(byte[] bytes, int from) {
    int to = from;
    while (to < bytes.length && !isDelimiter(bytes[to])) {
      to++;
    }
    return to;
  }

  private static boolean isDelimiter(byte b) {
    return " ,:;{}[]()\n=/".indexOf(b) >= 0;
  }

  /** Makes them for properties. */
  public static final class Provider implements ArbitraryProvider {

    @Override
    public boolean canProvideFor(TypeUsage target) {
      return target.isOfType(Edits.class);
    }

    @Override
    public Set<Arbitrary<?>> provideFor(TypeUsage target, SubtypeProvider subtypes) {
      Arbitrary<Kind> kinds =
          Arbitraries.frequency(
              Tuple.of(4, Kind.FLIP),
              Tuple.of(2, Kind.CUT),
              Tuple.of(1, Kind.END),
              Tuple.of(3, Kind.REPEAT),
              Tuple.of(1, Kind.BYTES),
              Tuple.of(6, Kind.NUMBER),
              Tuple.of(10, Kind.WORD),
              Tuple.of(4, Kind.DROP),
              Tuple.of(1, Kind.NEST),
              Tuple.of(1, Kind.ALL));
      Arbitrary<Integer> places =
          Arbitraries.oneOf(
              Arbitraries.integers().between(0, 100).withDistribution(uniform()),
              Arbitraries.integers().between(0, 1 << 20).withDistribution(uniform()));
      Arbitrary<Edit> edit =
          Combinators.combine(
                  kinds,
                  places,
                  Arbitraries.integers().between(0, 200),
                  Arbitraries.integers().between(0, 1 << 16).withDistribution(uniform()))
              .as(Edit::new);
      Arbitrary<Packing> packings =
          Arbitraries.frequency(
              Tuple.of(6, Packing.NONE), Tuple.of(3, Packing.AFTER), Tuple.of(1, Packing.BEFORE));
      return Set.of(
          Combinators.combine(
                  Arbitraries.integers().between(0, 11), edit.list().ofMaxSize(3), packings)
              .as(Edits::new));
    }

    private static RandomDistribution uniform() {
      return RandomDistribution.uniform();
    }
  }
}
