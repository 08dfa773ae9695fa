package io.tangentflow.sweep;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * A directory that holds one run: {@code run.json} (what was asked, of which version, on what),
 * {@code results.jsonl} (one finished cell per line) and what is derived from them. A line is
 * appended and synced when its cell is finished; every other file appears by rename. So a process
 * that is killed at any moment loses at most the cell it was at. One process at a time works on a
 * run.
 */
public final class RunDirectory implements AutoCloseable {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Runs that this process works on: it holds the locks of files, not of other processes. */
  private static final Set<Path> OPEN_HERE = ConcurrentHashMap.newKeySet();

  private static final String MANIFEST = "run.json";
  private static final String RESULTS = "results.jsonl";
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
      if (!Files.isDirectory(path)) {
        Files.createDirectories(path);
      }
    } catch (IOException e) {
      throw new RunDirectoryConflict(
          path, "cannot be made a run directory (" + AtomicFile.reason(e) + ")", e);
    }
    RunDirectory directory = lock(path);
    try {
      requireVacant(path); // Another process may have been faster.
      directory.removeLeftovers();
      AtomicFile.write(path.resolve(MANIFEST), pretty(manifest));
      return directory;
    } catch (RuntimeException e) {
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
      try (Stream<Path> entries = Files.list(path)) {
        if (!entries.allMatch(entry -> isRemainder(entry.getFileName().toString()))) {
          throw new RunDirectoryConflict(
              path, "is not empty; give a new or empty directory with --out");
        }
      } catch (IOException e) {
        throw new RunDirectoryConflict(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
      }
    }
  }

  /** What a run that was killed before its {@code run.json} leaves. */
  private static boolean isRemainder(String name) {
    return name.equals(LOCK) || AtomicFile.isLeftover(name);
  }

  /**
   * Opens a run to go on with it.
   *
   * @throws RunDirectoryConflict if there is none, or another process works on it
   */
  public static RunDirectory open(Path path) {
    if (!Files.isRegularFile(path.resolve(MANIFEST))) {
      throw new RunDirectoryConflict(path, "is not a run directory: it has no " + MANIFEST);
    }
    RunDirectory directory = lock(path);
    directory.removeLeftovers();
    return directory;
  }

  /** The directory itself. */
  public Path path() {
    return path;
  }

  /** A file in it. */
  public Path file(String name) {
    return path.resolve(name);
  }

  /** What {@code run.json} says. */
  public Manifest manifest() {
    Path file = path.resolve(MANIFEST);
    Manifest manifest = read(file, Manifest.class);
    if (manifest.configuration() == null || manifest.data() == null || manifest.device() == null) {
      throw new DataFormat(file, "lacks its configuration, data or device", null);
    }
    return manifest;
  }

  /**
   * The finished cells, in the order in which they were finished. A last line without its end was
   * being written when the process was killed; it is cut off the file.
   *
   * @throws DataFormat if any other line is not a result of a network of this run, or repeats one
   */
  public List<CellResult> results() {
    Path file = path.resolve(RESULTS);
    if (!Files.exists(file)) {
      return new ArrayList<>();
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      int end = bytes.length;
      while (end > 0 && bytes[end - 1] != '\n') {
        end--;
      }
      if (end < bytes.length) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.truncate(end);
          channel.force(true);
        }
      }
      List<CellResult> results = new ArrayList<>();
      Set<Cell> open = new HashSet<>(manifest().configuration().cells());
      String text = new String(bytes, 0, end, StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        CellResult result = parse(file, results.size() + 1, line);
        if (!open.remove(result.cell())) {
          throw new DataFormat(
              file,
              "line",
              results.size() + 1,
              result.cell() + " is a result of another run, or stands here for the second time");
        }
        results.add(result);
      }
      return results;
    } catch (IOException e) {
      throw new DataFormat(file, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** Appends a finished cell; on return it is on the disk. */
  public void append(CellResult result) {
    Path file = path.resolve(RESULTS);
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
      String line = JSON.writeValueAsString(result) + "\n";
      ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    } catch (IOException e) {
      throw new RunDirectoryConflict(
          file, "cannot be appended to (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** The limiting kernel of that name, if it is computed and its matrices are on the disk. */
  public Optional<LimitSummary> limit(String name) {
    Path file = limitFile(name);
    return Files.exists(file) ? Optional.of(read(file, LimitSummary.class)) : Optional.empty();
  }

  /** Records a limiting kernel whose matrices are on the disk. */
  public void write(LimitSummary limit) {
    AtomicFile.write(limitFile(limit.name()), pretty(limit));
  }

  private Path limitFile(String name) {
    return path.resolve("limit-" + name + ".json");
  }

  private static <T> T read(Path file, Class<T> type) {
    try {
      T value = JSON.readValue(Files.readAllBytes(file), type);
      if (value == null) {
        throw new DataFormat(file, "holds nothing", null);
      }
      return value;
    } catch (JsonParseException e) {
      throw new DataFormat(
          file, "line", e.getLocation().getLineNr(), "not JSON: " + e.getOriginalMessage());
    } catch (JsonProcessingException e) {
      Throwable cause = e.getCause() instanceof InvalidConfiguration ? e.getCause() : null;
      throw new DataFormat(
          file,
          "was not written by this version of TangentFlow: "
              + (cause == null ? e.getOriginalMessage() : cause.getMessage()),
          e);
    } catch (IOException e) {
      throw new DataFormat(file, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
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
      channel =
          FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
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
    try (Stream<Path> entries = Files.list(path)) {
      for (Path entry : entries.toList()) {
        if (AtomicFile.isLeftover(entry.getFileName().toString())) {
          Files.delete(entry);
        }
      }
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be tidied (" + AtomicFile.reason(e) + ")", e);
    }
  }

  private static CellResult parse(Path file, int line, String text) {
    try {
      CellResult result = JSON.readValue(text, CellResult.class);
      if (result == null || result.cell() == null) {
        throw new DataFormat(file, "line", line, "not a result: it has no cell");
      }
      return result;
    } catch (JsonProcessingException e) {
      throw new DataFormat(file, "line", line, "not a result: " + e.getOriginalMessage());
    }
  }

  private static String pretty(Object value) {
    try {
      return JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
