package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A new or empty directory that a command fills; what was made goes again where it fails. */
final class NewDirectory {

  private final List<Path> made = new ArrayList<>();
  private final Path path;

  private NewDirectory(Path path) {
    this.path = path;
  }

  /**
   * Makes the directory where it does not exist yet.
   *
   * @param bytes that shall fit into it
   * @throws RunDirectoryConflict if it holds anything or cannot be written
   */
  static NewDirectory make(Path path, long bytes) {
    NewDirectory directory = new NewDirectory(path);
    try {
      directory.make(bytes);
      return directory;
    } catch (IOException e) {
      directory.removeAll();
      throw new RunDirectoryConflict(path, "cannot be written (" + AtomicFile.reason(e) + ")", e);
    }
  }

  private void make(long bytes) throws IOException {
    if (Files.isDirectory(path)) {
      if (!Directories.entries(path).isEmpty()) {
        throw new RunDirectoryConflict(
            path, "is not empty; give a new or empty directory with --out");
      }
    }
    List<Path> missing = new ArrayList<>();
    Path existing = path.toAbsolutePath().normalize();
    while (!Files.exists(existing)) {
      missing.add(0, existing);
      existing = existing.getParent();
    }
    if (!Files.isDirectory(existing)) {
      throw new RunDirectoryConflict(existing, "is a file, not a directory");
    }
    long free = Files.getFileStore(existing).getUsableSpace();
    if (bytes > free) {
      throw new RunDirectoryConflict(
          path, String.format("%d bytes are needed, and the disk has %d", bytes, free));
    }
    for (Path directory : missing) {
      Files.createDirectory(directory);
      made.add(directory);
      AtomicFile.syncDirectory(directory.getParent());
    }
  }

  /**
   * The result of work that fills a directory.
   *
   * @param path null for work whose result is not written
   */
  static <T> T filledBy(Path path, Supplier<T> work) {
    if (path == null) {
      return work.get();
    }
    NewDirectory directory = make(path, 0);
    try {
      return work.get();
    } catch (RuntimeException | Error e) {
      directory.removeAll();
      throw e;
    }
  }

  /** A file to be made in it. */
  Path file(String name) {
    Path file = path.resolve(name);
    made.add(file);
    return file;
  }

  /** Takes back what was made, as far as it goes. */
  void removeAll() {
    for (int i = made.size() - 1; i >= 0; i--) {
      try {
        Files.deleteIfExists(made.get(i));
      } catch (IOException e) {
        // The failure that is on its way to the user says more than this one.
      }
    }
  }
}
