package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.InputFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file of JSON values, one a line, that only grows at its end. A line counts from the moment that
 * its end is on the disk: what follows the last end was being written when a process was killed.
 */
final class JsonLines {

  private static final int BLOCK_BYTES = 1 << 13;

  private final Path file;

  /** A file that need not exist: then it has no lines. */
  JsonLines(Path file) {
    this.file = file;
  }

  /**
   * All lines, after an unfinished last one is cut off.
   *
   * @throws DataFormat with the number of the first line that is no such value
   */
  <T> List<T> read(Class<T> type) {
    cutUnfinished();
    List<T> values = new ArrayList<>();
    byte[] bytes = bytes();
    int from = 0;
    for (int at = 0; at < bytes.length; at++) {
      if (bytes[at] == '\n') {
        values.add(StrictJson.line(file, values.size() + 1, bytes, from, at, type));
        from = at + 1;
      }
    }
    return values;
  }

  private byte[] bytes() {
    try {
      return exists() ? InputFile.bytes(file) : new byte[0];
    } catch (IOException e) {
      throw new DataFormat(file, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** Refuses a link: the file elsewhere would be cut and appended to. */
  private boolean exists() throws IOException {
    try {
      InputFile.length(file, LinkOption.NOFOLLOW_LINKS);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Appends a line for each value, in one write and one sync; on return they are on the disk. */
  void append(List<?> values) {
    if (values.isEmpty()) {
      return;
    }
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    for (Object value : values) {
      lines.writeBytes(StrictJson.compact(value));
      lines.write('\n');
    }
    try {
      boolean begun = !exists();
      // Not a channel: a thread's interruption would close that in the middle of the write.
      try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
        append(out, lines.toByteArray());
      }
      if (begun) {
        AtomicFile.syncDirectory(file.toAbsolutePath().getParent());
      }
    } catch (IOException e) {
      throw new RunDirectoryConflict(
          file, "cannot be appended to (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** What follows a write that failed must not go on from its part of a line. */
  private static void append(RandomAccessFile out, byte[] lines) throws IOException {
    long end = out.length();
    try {
      out.seek(end);
      out.write(lines);
      out.getFD().sync();
    } catch (IOException e) {
      try {
        out.setLength(end);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /**
   * Cuts the file back to its first lines, in one operation of the file system: a process that is
   * killed leaves it as it was or as it shall be.
   *
   * @throws DataFormat if it has fewer
   */
  void keep(int count) {
    cutUnfinished();
    byte[] bytes = bytes();
    int lines = 0;
    int end = 0;
    for (int at = 0; at < bytes.length && lines < count; at++) {
      if (bytes[at] == '\n') {
        lines++;
        end = at + 1;
      }
    }
    if (lines < count) {
      throw new DataFormat(
          file, "has " + lines + " lines, where the run had " + count + " before", null);
    }
    cut(bytes.length, end);
  }

  /** Cuts off what follows the last end of a line. */
  void cutUnfinished() {
    try {
      if (exists()) {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
          cut(in.length(), lastEnd(in));
        }
      }
    } catch (IOException e) {
      throw new DataFormat(file, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  private static long lastEnd(RandomAccessFile in) throws IOException {
    byte[] block = new byte[BLOCK_BYTES];
    long to = in.length();
    while (to > 0) {
      int length = (int) Math.min(BLOCK_BYTES, to);
      in.seek(to - length);
      in.readFully(block, 0, length);
      for (int at = length; at > 0; at--) {
        if (block[at - 1] == '\n') {
          return to - length + at;
        }
      }
      to -= length;
    }
    return 0;
  }

  private void cut(long length, long end) {
    if (end == length) {
      return;
    }
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.setLength(end);
      out.getFD().sync();
    } catch (IOException e) {
      throw new RunDirectoryConflict(file, "cannot be cut (" + AtomicFile.reason(e) + ")", e);
    }
  }
}
