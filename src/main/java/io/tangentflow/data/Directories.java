package io.tangentflow.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Directories on a disk that may fail at any moment. */
public final class Directories {

  private Directories() {}

  /**
   * Makes a directory and those above it that are missing; on return their names are on the disk.
   *
   * @throws FileAlreadyExistsException if one is a file
   * @throws IOException if one cannot be made
   */
  public static void create(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    Path parent = directory.toAbsolutePath().getParent();
    create(parent);
    try {
      Files.createDirectory(directory);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) { // Else another process was faster.
        throw e;
      }
    }
    AtomicFile.syncDirectory(parent);
  }

  /**
   * What is in a directory, in no order.
   *
   * @throws java.nio.file.NoSuchFileException if there is no such directory
   * @throws IOException if it cannot be read
   */
  public static List<Path> entries(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
