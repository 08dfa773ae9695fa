package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A directory that a user names as the home of a published data set.
 *
 * @param path the directory, which need not exist
 * @param format what the data set is and what its files hold, in words
 */
record DataFolder(Path path, String format) {

  /** The file of that name, or else the one with {@code .gz} after it. */
  Optional<Path> find(String name) {
    return List.of(name, name + ".gz").stream()
        .map(path::resolve)
        .filter(Files::exists)
        .findFirst();
  }

  /** That no file was found here which would have done. */
  DataFormat lacks(List<String> names) {
    String why =
        Files.isDirectory(path)
            ? "has no " + String.join(" or ", names) + ", plain or with .gz"
            : "there is no such directory; " + String.join(" or ", names) + " is looked for in it";
    return new DataFormat(path, why + ": " + format, null);
  }
}
