package io.tangentflow.sweep;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A directory that holds one run: {@code run.json} (what was asked, of which version, on what),
 * {@code results.jsonl} (one finished cell per line) and what is derived from them. A line is
 * appended and synced when its cell is finished; every other file appears by rename. So a process
 * that is killed at any moment loses at most the cell it was at. One process at a time works on a
 * run.
 */
public final class RunDirectory implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MANIFEST = "run.json";
  private static final String RESULTS = "results.jsonl";
  private static final String LOCK = ".lock";

  private final Path path;
  private final FileChannel lockChannel;
  private final FileLock lock;

  private RunDirectory(Path path, FileChannel lockChannel, FileLock lock) {
    this.path = path;
    this.lockChannel = lockChannel;
    this.lock = lock;
  }

  /**
   * Begins a run in a new or empty directory.
   *
   * @throws RunDirectoryConflict if the directory holds anything or cannot be written
   */
  public static RunDirectory create(Path path, Manifest manifest) {
    try {
      if (Files.exists(path.resolve(MANIFEST))) {
        throw new RunDirectoryConflict(
            path, "holds a run already; go on with it by 'resume', or give another --out");
      }
      if (Files.isDirectory(path)) {
        try (Stream<Path> entries = Files.list(path)) {
          if (entries.anyMatch(entry -> !entry.getFileName().toString().equals(LOCK))) {
            throw new RunDirectoryConflict(path, "is not empty; give a new directory with --out");
          }
        }
      }
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be made a run directory (" + e + ")", e);
    }
    RunDirectory directory = lock(path);
    AtomicFile.write(path.resolve(MANIFEST), pretty(manifest));
    return directory;
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
    return lock(path);
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
    return read(path.resolve(MANIFEST), Manifest.class);
  }

  /**
   * The finished cells, in the order in which they were finished. A last line without its end was
   * being written when the process was killed; it is cut off the file.
   *
   * @throws DataFormat if any other line is not a result
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
      String text = new String(bytes, 0, end, StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        results.add(parse(file, results.size() + 1, line));
      }
      return results;
    } catch (IOException e) {
      throw new DataFormat(file, "cannot be read (" + e + ")", e);
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
      throw new RunDirectoryConflict(file, "cannot be appended to (" + e + ")", e);
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
      return JSON.readValue(Files.readAllBytes(file), type);
    } catch (JsonProcessingException e) {
      throw new DataFormat(file, "was not written by this version: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new DataFormat(file, "cannot be read (" + e + ")", e);
    }
  }

  @Override
  public void close() {
    try {
      lock.release();
      lockChannel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RunDirectory lock(Path path) {
    Path file = path.resolve(LOCK);
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return new RunDirectory(path, channel, lock);
      }
      channel.close();
      throw new RunDirectoryConflict(path, "another process is working on this run");
    } catch (OverlappingFileLockException e) {
      throw new RunDirectoryConflict(path, "this process is already working on this run", e);
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be written (" + e + ")", e);
    }
  }

  private static CellResult parse(Path file, int line, String text) {
    try {
      JsonNode node = JSON.readTree(text);
      return JSON.treeToValue(node, CellResult.class);
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
