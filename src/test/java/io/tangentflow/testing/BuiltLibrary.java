package io.tangentflow.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Libraries of the tests alone, which the build makes where there is a compiler. */
final class BuiltLibrary {

  private BuiltLibrary() {}

  /**
   * Loads one.
   *
   * @param property of the JVM that names its directory
   * @param elsewhere why it is not there if the property is not
   * @return why it is not there, or null
   */
  static String load(String property, String elsewhere, String name) {
    String directory = System.getProperty(property);
    if (directory == null) {
      return elsewhere + " (property " + property + ")";
    }
    Path unavailable = Path.of(directory, "UNAVAILABLE");
    try {
      if (Files.exists(unavailable)) {
        return Files.readString(unavailable).strip();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.load(Path.of(directory, name).toAbsolutePath().toString());
    return null;
  }
}
