package io.tangentflow.cli;

import io.tangentflow.data.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Where a run is to begin, as it was before, so that it is again where the run cannot. */
final class VacantDirectory {

  private final Path path;
  private final List<Path> missing = new ArrayList<>();

  /**
   * @param path holds nothing that is somebody's, or does not exist; not changed here
   */
  VacantDirectory(Path path) {
    this.path = path;
    for (Path above = path.toAbsolutePath().normalize();
        above != null && !Files.exists(above);
        above = above.getParent()) {
      missing.add(above);
    }
  }

  /** Deletes the files in it, and the directories that were made for it, as far as it goes. */
  void restore() {
    try {
      if (Files.isDirectory(path)) {
        for (Path file : Directories.entries(path)) {
          if (Files.isRegularFile(file)) {
            Files.delete(file);
          }
        }
      }
      for (Path directory : missing) {
        Files.deleteIfExists(directory);
      }
    } catch (IOException e) {
      // The failure that is on its way to the user says more than this one.
    }
  }
}
