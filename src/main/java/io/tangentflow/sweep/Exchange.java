package io.tangentflow.sweep;

import io.tangentflow.data.AtomicFile;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Files that the processes of a run share. Each appears whole and is replaced as a whole; so it
 * does no harm where two processes write the same one.
 */
public interface Exchange {

  /**
   * The content of a small file; empty if there is none.
   *
   * @param name a path without a root, its parts separated by slashes
   */
  Optional<byte[]> read(String name);

  /**
   * The file as one of this machine: itself, or a copy; empty if there is none. Not to be changed.
   */
  Optional<Path> find(String name);

  /** Makes or replaces a file; on return it is there for every process. */
  void write(String name, AtomicFile.Content content);

  /** Deletes a file, or a directory if it is empty, if there is one. */
  void delete(String name);
}
