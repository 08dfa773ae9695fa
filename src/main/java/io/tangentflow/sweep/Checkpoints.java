package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.Directories;
import io.tangentflow.data.ElementType;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The last checkpoints of a run, each a directory {@code checkpoints/step-0000000123} that appears
 * by rename when all in it is on the disk. A process that is killed at any moment leaves whole ones
 * only, and loses what it did after the newest.
 */
public final class Checkpoints {

  private static final Pattern STEP = Pattern.compile("step-([0-9]{10}|[1-9][0-9]{10,17})");

  private final Path directory;
  private final int keep;

  /**
   * Those of a run, of which there may be none yet. What a killed process left half-written or
   * half-deleted is removed.
   *
   * @param run open while this is used
   * @param keep how many are kept, at least one; two or more survive damage to the newest
   * @throws RunDirectoryConflict if {@code checkpoints} is no directory or cannot be tidied
   */
  public Checkpoints(RunDirectory run, int keep) {
    if (keep < 1) {
      throw new IllegalArgumentException("at least one checkpoint is kept, not " + keep);
    }
    this.directory = run.file("checkpoints");
    this.keep = keep;
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      throw new RunDirectoryConflict(directory, "is not a directory; remove it");
    }
    removeLeftovers();
  }

  private void removeLeftovers() {
    for (Path entry : entries()) {
      if (AtomicFile.isLeftover(entry.getFileName().toString())) {
        delete(entry);
      }
    }
  }

  /**
   * Saves a checkpoint, then deletes all but the last ones up to that step. One of the same step is
   * replaced, unless it is whole and holds the same.
   *
   * @param step the number of steps done, at least 0
   * @param state what else the run needs to go on, as it likes; not modified
   * @param matrices by names of letters, digits and {@code . _ -}; not modified. Each is bounded by
   *     {@link DenseMatrix}, and written without a copy
   * @param type that holds every entry exactly
   * @throws RunDirectoryConflict if it cannot be written; those before it are as they were
   */
  public void save(
      long step, ObjectNode state, Map<String, DenseMatrix> matrices, ElementType type) {
    Path target = path(step);
    Path temporary = AtomicFile.leftover(target);
    try {
      Directories.create(directory);
      Files.createDirectory(temporary);
      CheckpointFiles.write(temporary, step, state, matrices, type);
      place(temporary, target, step);
      AtomicFile.syncDirectory(directory);
    } catch (IOException e) {
      throw new RunDirectoryConflict(
          target,
          "cannot be written (" + AtomicFile.reason(e) + "); earlier checkpoints are as they were",
          e);
    } finally {
      deleteQuietly(temporary);
    }
    List<Long> upTo = steps().stream().filter(s -> s <= step).toList();
    upTo.subList(0, Math.max(0, upTo.size() - keep)).forEach(this::remove);
  }

  private void place(Path temporary, Path target, long step) throws IOException {
    if (Files.exists(target)) {
      if (isWhole(step) && CheckpointFiles.same(target, temporary)) {
        return;
      }
      remove(step);
    }
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private boolean isWhole(long step) {
    try {
      read(step);
      return true;
    } catch (DataFormat e) {
      return false; // It is about to be replaced.
    }
  }

  /** The steps of all checkpoints, ascending. */
  public List<Long> steps() {
    return entries().stream()
        .map(entry -> STEP.matcher(entry.getFileName().toString()))
        .filter(Matcher::matches)
        .map(name -> Long.valueOf(name.group(1)))
        .sorted()
        .toList();
  }

  /**
   * The checkpoint of a step, after every byte of it is verified.
   *
   * @throws DataFormat naming the file that is missing or damaged
   */
  public Checkpoint read(long step) {
    return CheckpointFiles.open(path(step), step);
  }

  /**
   * The newest whole checkpoint.
   *
   * @param damaged hears of each newer one that is not, and why, so that the user can be told
   */
  public Optional<Checkpoint> latest(Consumer<DataFormat> damaged) {
    List<Long> newestFirst = steps().stream().sorted(Comparator.reverseOrder()).toList();
    for (long step : newestFirst) {
      try {
        return Optional.of(read(step));
      } catch (DataFormat e) {
        damaged.accept(e);
      }
    }
    return Optional.empty();
  }

  /**
   * Deletes the checkpoints after a step: to go on from it, when those are damaged or of a course
   * that is not taken again.
   */
  public void removeAfter(long step) {
    steps().stream().filter(s -> s > step).sorted(Comparator.reverseOrder()).forEach(this::remove);
  }

  /** Out of sight at once, then deleted. */
  private void remove(long step) {
    Path hidden = AtomicFile.leftover(path(step));
    try {
      Files.move(path(step), hidden, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new RunDirectoryConflict(
          path(step), "cannot be deleted (" + AtomicFile.reason(e) + ")", e);
    }
    delete(hidden);
  }

  private Path path(long step) {
    if (step < 0) {
      throw new IllegalArgumentException("no step has the number " + step);
    }
    return directory.resolve(String.format(Locale.ROOT, "step-%010d", step));
  }

  private List<Path> entries() {
    if (!Files.isDirectory(directory)) {
      return Collections.emptyList();
    }
    try {
      return Directories.entries(directory);
    } catch (IOException e) {
      throw new RunDirectoryConflict(directory, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  private static void delete(Path tree) {
    try {
      deleteTree(tree);
    } catch (IOException e) {
      throw new RunDirectoryConflict(tree, "cannot be deleted (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** The failure that left it is on its way to the caller; what stays is removed on opening. */
  private static void deleteQuietly(Path temporary) {
    try {
      deleteTree(temporary);
    } catch (IOException e) {
      // As above.
    }
  }

  private static void deleteTree(Path tree) throws IOException {
    // Of a link, the link alone: what is elsewhere is not this run's.
    if (Files.isDirectory(tree, LinkOption.NOFOLLOW_LINKS)) {
      for (Path entry : Directories.entries(tree)) {
        Files.delete(entry);
      }
    }
    Files.deleteIfExists(tree);
  }
}
