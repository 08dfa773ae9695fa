package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;

/**
 * A data file as it is read: unpacked where its content is gzip (whatever its name), hashed as it
 * lies on disk. Offsets count unpacked bytes. A failure to read is a {@link DataFormat}, never an
 * {@link IOException}.
 *
 * <p>gzip can stand for a thousand times its size. What unpacks to more than {@value #SMALL_BYTES}
 * bytes and to more than {@value #MOST_RATIO} times its size is refused.
 */
final class SourceFile extends InputStream {

  private static final int BUFFER_BYTES = 1 << 16;
  private static final long SMALL_BYTES = 1 << 24;
  private static final int MOST_RATIO = 100;
  private static final int GZIP_MAGIC_0 = 0x1f;
  private static final int GZIP_MAGIC_1 = 0x8b;

  private final Path path;
  private final DigestInputStream packed;
  private final InputStream content;
  private final boolean gzip;
  private final long greatestLength;
  private long position;

  private SourceFile(Path path, InputStream raw, long rawLength) throws IOException {
    this.path = path;
    packed = new DigestInputStream(new BufferedInputStream(raw, BUFFER_BYTES), sha256());
    PushbackInputStream peeked = new PushbackInputStream(packed, 2);
    byte[] magic = peeked.readNBytes(2);
    peeked.unread(magic);
    gzip =
        magic.length == 2 && (magic[0] & 0xff) == GZIP_MAGIC_0 && (magic[1] & 0xff) == GZIP_MAGIC_1;
    content = gzip ? new GZIPInputStream(peeked, BUFFER_BYTES) : peeked;
    greatestLength = gzip ? Math.max(SMALL_BYTES, MOST_RATIO * rawLength) : rawLength;
  }

  /** Opens a file. */
  static SourceFile open(Path path) {
    try {
      long length = InputFile.length(path);
      return of(path, Files.newInputStream(path), length);
    } catch (NoSuchFileException e) {
      String where = path.isAbsolute() ? "" : " in " + Path.of("").toAbsolutePath();
      throw new DataFormat(path, "there is no such file" + where, e);
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** Reads a stream under the name of a path; closes it with this. */
  static SourceFile of(Path path, InputStream raw) throws IOException {
    return of(path, raw, Long.MAX_VALUE / MOST_RATIO);
  }

  private static SourceFile of(Path path, InputStream raw, long rawLength) throws IOException {
    try {
      return new SourceFile(path, raw, rawLength);
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) {
    try {
      int count = content.read(buffer, offset, length);
      position += Math.max(count, 0);
      if (gzip && position > greatestLength) {
        throw fault(
            greatestLength,
            "it unpacks to more than "
                + MOST_RATIO
                + " times its size; if that is right, give the file unpacked");
      }
      return count;
    } catch (IOException e) {
      throw fault(position, "cannot be read further (" + e.getMessage() + "); is it damaged?");
    }
  }

  @Override
  public void close() {
    try {
      content.close();
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be closed (" + e.getMessage() + ")", e);
    }
  }

  /**
   * Fills the first {@code count} bytes of the buffer with the next bytes, which hold {@code what}.
   */
  void fill(byte[] buffer, int count, String what) {
    fill(buffer, 0, count, what);
  }

  private void fill(byte[] buffer, int from, int to, String what) {
    int filled = from;
    while (filled < to) {
      int more = read(buffer, filled, to - filled);
      if (more < 0) {
        throw fault(position, "the file ends within " + what);
      }
      filled += more;
    }
  }

  /**
   * The next bytes, which hold {@code what}; of gzip no more is allocated than there turns out to
   * be.
   */
  byte[] next(int count, String what) {
    expectRoomFor(count, what);
    byte[] bytes = new byte[firstPart(count)];
    for (int filled = 0; filled < count; filled = bytes.length) {
      if (filled == bytes.length) {
        bytes = Arrays.copyOf(bytes, (int) Math.min(count, 2L * filled));
      }
      fill(bytes, filled, bytes.length, what);
    }
    return bytes;
  }

  /**
   * Of so many entries those to allocate at first: all, but of gzip, whose length is not known
   * before its end, a few.
   */
  int firstPart(int count) {
    return gzip ? Math.min(count, BUFFER_BYTES) : count;
  }

  /** Fails if bytes follow. */
  void expectEnd(String what) {
    long end = position;
    if (read() >= 0) {
      throw fault(end, "more bytes follow after the end of " + what);
    }
  }

  /**
   * Fails if the file is known to be too short for {@code count} more bytes, before any is read.
   */
  void expectRoomFor(long count, String what) {
    if (greatestLength - position < count) {
      throw gzip
          ? fault(position, "the file is too small to be gzip of " + what)
          : fault(greatestLength, "the file ends within " + what);
    }
  }

  Path path() {
    return path;
  }

  /** The number of bytes read. */
  long position() {
    return position;
  }

  DataFormat fault(long offset, String why) {
    return new DataFormat(path, "byte", offset, why);
  }

  /** Reads what is left on disk and tells what the file was. */
  Provenance provenance() {
    try {
      packed.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be read to its end (" + e.getMessage() + ")", e);
    }
    return new Provenance(path, HexFormat.of().formatHex(packed.getMessageDigest().digest()));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
