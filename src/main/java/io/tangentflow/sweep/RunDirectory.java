package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.Directories;
import io.tangentflow.data.InputFile;
import io.tangentflow.kernel.gram.GramStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A directory that holds one run of any kind: {@code run.json} (what was asked, of which version,
 * on what), {@code results.jsonl} (one result per line) and what is derived from them. Lines are
 * synced as they are appended; every other file appears by rename. So a process that is killed at
 * any moment loses at most the result that it was at. One process at a time works on a run.
 */
public final class RunDirectory implements AutoCloseable {

  /** Runs that this process works on: it holds the locks of files, not of other processes. */
  private static final Set<Path> OPEN_HERE = ConcurrentHashMap.newKeySet();

  static final String MANIFEST = "run.json";
  static final String RESULTS = "results.jsonl";

  private static final String LOCK = ".lock";

  private final Path path;
  private final Path realPath;
  private final FileChannel lockChannel;

  private RunDirectory(Path path, Path realPath, FileChannel lockChannel) {
    this.path = path;
    this.realPath = realPath;
    this.lockChannel = lockChannel;
  }

  /**
   * Begins a run in a new or empty directory.
   *
   * @throws RunDirectoryConflict if the directory holds anything or cannot be written
   */
  public static RunDirectory create(Path path, Manifest manifest) {
    requireVacant(path);
    try {
      Directories.create(path);
    } catch (IOException e) {
      throw new RunDirectoryConflict(
          path, "cannot be made a run directory (" + AtomicFile.reason(e) + ")", e);
    }
    RunDirectory directory = lock(path);
    try {
      requireVacant(path); // Another process may have been faster.
      directory.removeLeftovers();
      AtomicFile.write(path.resolve(MANIFEST), StrictJson.pretty(manifest));
      return directory;
    } catch (RuntimeException | Error e) {
      directory.close();
      throw e;
    }
  }

  /**
   * Makes sure that a run can begin there, and changes nothing.
   *
   * @throws RunDirectoryConflict if the directory holds anything, or is a file
   */
  public static void requireVacant(Path path) {
    if (Files.exists(path.resolve(MANIFEST))) {
      throw new RunDirectoryConflict(
          path, "holds a run already; go on with it by 'resume', or give another --out");
    }
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new RunDirectoryConflict(path, "is a file, not a directory; give another --out");
    }
    if (Files.isDirectory(path)) {
      try {
        if (!Directories.entries(path).stream().allMatch(RunDirectory::isRemainder)) {
          throw new RunDirectoryConflict(
              path, "is not empty; give a new or empty directory with --out");
        }
      } catch (IOException e) {
        throw new RunDirectoryConflict(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
      }
    }
  }

  /** What a run that was killed before its {@code run.json} leaves. */
  private static boolean isRemainder(Path entry) {
    String name = entry.getFileName().toString();
    return name.equals(LOCK) || AtomicFile.isLeftover(name);
  }

  /**
   * Opens a run to go on with it.
   *
   * @throws RunDirectoryConflict if there is none, or another process works on it
   */
  public static RunDirectory open(Path path) {
    if (!Files.isRegularFile(path.resolve(MANIFEST))) {
      throw new RunDirectoryConflict(path, whyNoRun(path));
    }
    RunDirectory directory = lock(path);
    try {
      directory.removeLeftovers();
      // Before anything is appended: it would go on from the part of a line.
      directory.results().cutUnfinished();
      return directory;
    } catch (RuntimeException | Error e) {
      directory.close();
      throw e;
    }
  }

  private static String whyNoRun(Path path) {
    if (!Files.exists(path)) {
      return "there is no such directory";
    }
    if (!Files.isDirectory(path)) {
      return "is a file, not a run directory";
    }
    return Files.exists(path.resolve(GramStore.HEADER))
        ? "is a store, not a run directory; the same 'ntk --store' as before goes on with it"
        : "is not a run directory: it has no " + MANIFEST;
  }

  /** Whether a process works on a run in that directory. */
  public static boolean isInUse(Path path) {
    try {
      if (OPEN_HERE.contains(path.toRealPath())) {
        return true;
      }
      try (FileChannel channel = openLock(path);
          FileLock lock = channel.tryLock()) {
        return lock == null;
      }
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** The directory itself. */
  public Path path() {
    return path;
  }

  /** A file in it. */
  public Path file(String name) {
    return path.resolve(name);
  }

  /**
   * What {@code run.json} says.
   *
   * @throws DataFormat if it is not that of a run of this version
   */
  public Manifest manifest() {
    Path file = path.resolve(MANIFEST);
    Manifest manifest = StrictJson.read(file, Manifest.class);
    if (manifest.kind() == null
        || !manifest.configuration().isObject()
        || manifest.data() == null
        || manifest.data().contains(null)
        || manifest.device() == null
        || manifest.budget() == null
        || manifest.budget().deviceBytes() <= 0) {
      throw new DataFormat(file, "lacks its kind, configuration, data, device or budget", null);
    }
    return manifest;
  }

  /**
   * The configuration in {@code run.json}, of the run's kind.
   *
   * @throws DataFormat if it is not of that type, or says something that cannot be
   */
  public <C> C configuration(Class<C> type) {
    return StrictJson.convert(path.resolve(MANIFEST), manifest().configuration(), type);
  }

  /**
   * The lines of {@code results.jsonl}. A last line without its end was being written when the
   * process was killed; it is cut off the file.
   *
   * @param type what each line is: a record, with no more and no fewer components than the line
   * @throws DataFormat with the number of a line that is none
   */
  public <T> List<T> lines(Class<T> type) {
    return results().read(type);
  }

  /** Appends a line to {@code results.jsonl}; on return it is on the disk. */
  public void append(Object line) {
    append(List.of(line));
  }

  /**
   * As {@link #append(Object)}, of many lines at the cost of one wait for the disk.
   *
   * @param lines not modified; may be empty
   */
  public void append(List<?> lines) {
    results().append(lines);
  }

  /**
   * Cuts {@code results.jsonl} back to its first lines, as a whole or not at all: to go on from a
   * checkpoint, without what was written after it.
   *
   * @throws DataFormat if it has fewer
   */
  public void keepLines(int count) {
    results().keep(count);
  }

  private JsonLines results() {
    return new JsonLines(path.resolve(RESULTS));
  }

  /**
   * The value of a JSON file in the directory, if there is such a file.
   *
   * @throws DataFormat if it is not a value of that type
   */
  public <T> Optional<T> read(String name, Class<T> type) {
    Path file = file(name);
    return Files.exists(file) ? Optional.of(StrictJson.read(file, type)) : Optional.empty();
  }

  /** Writes a value as a JSON file in the directory, atomically. */
  public void write(String name, Object value) {
    AtomicFile.write(file(name), StrictJson.pretty(value));
  }

  @Override
  public void close() {
    try {
      lockChannel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      OPEN_HERE.remove(realPath);
    }
  }

  private static RunDirectory lock(Path path) {
    Path realPath = null;
    FileChannel channel = null;
    boolean locked = false;
    try {
      Path real = path.toRealPath();
      // Not even opened a second time: closing any channel of a file may free all its locks.
      if (!OPEN_HERE.add(real)) {
        throw new RunDirectoryConflict(path, "this process is already working on this run");
      }
      realPath = real;
      channel = openLock(path, StandardOpenOption.CREATE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new RunDirectoryConflict(path, "another process is working on this run");
      }
      locked = true;
      return new RunDirectory(path, realPath, channel);
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be written (" + AtomicFile.reason(e) + ")", e);
    } finally {
      if (!locked) {
        release(realPath, channel);
      }
    }
  }

  /** Not of a link, which could make a file elsewhere; nor of a pipe, which waits for a reader. */
  private static FileChannel openLock(Path path, StandardOpenOption... options) throws IOException {
    Path lock = path.resolve(LOCK);
    Set<OpenOption> all = new HashSet<>(List.of(options));
    all.add(StandardOpenOption.WRITE);
    all.add(LinkOption.NOFOLLOW_LINKS);
    if (Files.exists(lock, LinkOption.NOFOLLOW_LINKS)) {
      InputFile.length(lock, LinkOption.NOFOLLOW_LINKS);
    }
    return FileChannel.open(lock, all);
  }

  private static void release(Path realPath, FileChannel channel) {
    if (realPath != null) {
      OPEN_HERE.remove(realPath);
    }
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // It held nothing.
      }
    }
  }

  /** Temporary files of a process that was killed; nobody else writes here now. */
  private void removeLeftovers() {
    try {
      for (Path entry : Directories.entries(path)) {
        if (AtomicFile.isLeftover(entry.getFileName().toString())) {
          Files.delete(entry);
        }
      }
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be tidied (" + AtomicFile.reason(e) + ")", e);
    }
  }
}
