package io.tangentflow.data;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes a file as a whole or not at all: into a temporary neighbour {@code .NAME.UUID.tmp}, which
 * is synced to disk and then renamed over its target. A reader sees the old content or the new,
 * never a part; a process killed in between leaves the old content, and at worst the neighbour.
 */
public final class AtomicFile {

  /** So long nothing is written to a temporary file whose writer lives. */
  public static final Duration ABANDONED = Duration.ofDays(1);

  private static final int BUFFER_BYTES = 1 << 16;

  /** What file systems answer that know no sync of directories. */
  private static final Set<String> CANNOT_SYNC_NAMES =
      Set.of(
          "Invalid argument",
          "Bad file descriptor",
          "Operation not supported",
          "Function not implemented");

  private static final Pattern LEFTOVER = Pattern.compile("\\.(.+)\\.[0-9a-f-]{36}\\.tmp");

  private AtomicFile() {}

  /** What a file shall hold. */
  @FunctionalInterface
  public interface Content {
    /** Writes the whole content; the stream is buffered, and closed by its owner. */
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Makes sure, before long work, that its result can be written there, and returns the directory.
   *
   * @throws RunDirectoryConflict if the target is no regular file, or its directory does not exist
   *     or cannot be written
   */
  public static Path requireWritable(Path target) {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new RunDirectoryConflict(target, "is not a regular file; name another output");
    }
    Path directory = target.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new RunDirectoryConflict(target, "its directory does not exist; create it first");
    }
    if (!Files.isWritable(directory)) {
      throw new RunDirectoryConflict(target, "its directory cannot be written");
    }
    return directory;
  }

  /**
   * Replaces the file, or makes it. Its directory must exist.
   *
   * @throws RunDirectoryConflict if it cannot be written; the target is as it was, or new where the
   *     disk failed at last to say that a power cut will not undo the rename
   */
  public static void write(Path target, Content content) {
    Path temporary = temporary(target);
    try {
      writeSynced(temporary, content);
      replace(temporary, target);
    } catch (IOException e) {
      throw new RunDirectoryConflict(target, "cannot be written (" + reason(e) + ")", e);
    } finally {
      deleteLeftover(temporary);
    }
  }

  /** As {@link #write(Path, Content)}, of bytes. */
  public static void write(Path target, byte[] content) {
    write(target, out -> out.write(content));
  }

  /** As {@link #write(Path, Content)}, of text in UTF-8. */
  public static void write(Path target, String content) {
    write(target, content.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Makes the file unless there is one; of processes that try at the same time one does.
   *
   * @return whether this call made it
   * @throws RunDirectoryConflict if it cannot be written
   */
  public static boolean create(Path target, String content) {
    Path temporary = temporary(target);
    try {
      writeSynced(temporary, out -> out.write(content.getBytes(StandardCharsets.UTF_8)));
      // A second name, as a rename would replace what is there.
      Files.createLink(target, temporary);
      syncDirectory(target.toAbsolutePath().getParent());
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (UnsupportedOperationException e) {
      throw new RunDirectoryConflict(target, "cannot be made: its disk has no hard links");
    } catch (IOException e) {
      throw new RunDirectoryConflict(target, "cannot be written (" + reason(e) + ")", e);
    } finally {
      deleteLeftover(temporary);
    }
  }

  /** Whether a file of that name is what a process that was killed leaves of another. */
  public static boolean isLeftover(String name) {
    return LEFTOVER.matcher(name).matches();
  }

  /** A neighbour of a target that can be written. */
  static Path temporary(Path target) {
    requireWritable(target);
    return leftover(target);
  }

  /** The name of a neighbour that {@link #isLeftover}, of a file or a directory. */
  public static Path leftover(Path target) {
    return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
  }

  /**
   * Removes temporary files of a directory that nobody has written to for so long: those of
   * processes that were killed.
   *
   * @param targets by name those whose temporary files are meant
   * @throws NoSuchFileException if there is no such directory
   * @throws IOException if one cannot be removed
   */
  public static void removeAbandoned(Path directory, Predicate<String> targets, Duration age)
      throws IOException {
    Instant latest = Instant.now().minus(age);
    for (Path entry : Directories.entries(directory)) {
      Matcher leftover = LEFTOVER.matcher(entry.getFileName().toString());
      if (leftover.matches() && targets.test(leftover.group(1))) {
        removeIfOlder(entry, latest);
      }
    }
  }

  private static void removeIfOlder(Path file, Instant latest) throws IOException {
    try {
      if (Files.getLastModifiedTime(file).toInstant().isBefore(latest)) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      // Its writer has just put it in its place.
    }
  }

  /** Puts a neighbour that is synced to disk in the place of its target. */
  static void replace(Path temporary, Path target) throws IOException {
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(target.toAbsolutePath().getParent());
  }

  /**
   * Writes a file that nobody reads before it is renamed, it or its directory; on return its
   * content is on the disk.
   */
  public static void writeSynced(Path temporary, Content content) throws IOException {
    // Not a channel: a thread's interruption would close that in the middle of the write.
    try (FileOutputStream file = new FileOutputStream(temporary.toFile())) {
      BufferedOutputStream buffer = new BufferedOutputStream(file, BUFFER_BYTES);
      content.writeTo(buffer);
      buffer.flush();
      file.getFD().sync();
    }
  }

  /**
   * Makes the names in a directory durable, where its file system can do so.
   *
   * @throws IOException if the disk fails
   */
  public static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory)) {
      channel.force(true);
    } catch (ClosedByInterruptException | AccessDeniedException e) {
      // Only a power cut at this moment could undo a rename. Windows opens no directory.
    } catch (IOException e) {
      if (!CANNOT_SYNC_NAMES.contains(reason(e))) {
        throw e;
      }
    }
  }

  static void deleteLeftover(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The failure that left it is already on its way to the caller.
    }
  }

  /** Why a file could not be read or written, in words for a sentence. */
  public static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "there is no such file or directory";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileSystemException failure && failure.getReason() != null) {
      return failure.getReason();
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}
