package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.Directories;
import io.tangentflow.data.InputFile;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** A directory that all processes see under the same path. */
public final class DirectoryExchange implements Exchange {

  private final Path directory;

  /**
   * @param directory exists by the time anything is written
   */
  public DirectoryExchange(Path directory) {
    this.directory = directory.toAbsolutePath();
  }

  @Override
  public Optional<byte[]> read(String name) {
    Path file = directory.resolve(name);
    try {
      return Optional.of(InputFile.bytes(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new DataFormat(file, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  @Override
  public Optional<Path> find(String name) {
    Path file = directory.resolve(name);
    return Files.exists(file) ? Optional.of(file) : Optional.empty();
  }

  @Override
  public void write(String name, AtomicFile.Content content) {
    Path file = directory.resolve(name);
    try {
      Directories.create(file.getParent());
    } catch (IOException e) {
      throw new RunDirectoryConflict(file, "cannot be written (" + AtomicFile.reason(e) + ")", e);
    }
    AtomicFile.write(file, content);
  }

  @Override
  public void delete(String name) {
    Path file = directory.resolve(name);
    try {
      removeAbandoned(file);
      Files.deleteIfExists(file);
    } catch (NoSuchFileException e) {
      // Nothing was ever written.
    } catch (DirectoryNotEmptyException e) {
      // Others are still using it.
    } catch (IOException e) {
      throw new RunDirectoryConflict(file, "cannot be removed (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** What processes that were killed have left of a file beside all others, or in a directory. */
  private void removeAbandoned(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      AtomicFile.removeAbandoned(file, target -> true, AtomicFile.ABANDONED);
    } else if (file.getParent().equals(directory)) {
      String name = file.getFileName().toString();
      AtomicFile.removeAbandoned(directory, name::equals, AtomicFile.ABANDONED);
    }
  }
}
