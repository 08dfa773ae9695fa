package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** The files that a command shall write, checked before its work begins. */
final class Outputs {

  /** How what commands write begins: {@code .npy}, SVG, and the JSON of kernels. */
  private static final Pattern OURS =
      Pattern.compile(
          "\\x93NUMPY|<\\?xml [^>]*>\\s*<svg |\\{\\s*\"format\"\\s*:\\s*\"tangentflow ");

  private static final int START_BYTES = 64;

  private final Map<String, Path> byOption = new LinkedHashMap<>();

  /** Notes the file of an option; null where the option was not given. */
  Outputs with(String option, Path file) {
    if (file != null) {
      byOption.put(option, file);
    }
    return this;
  }

  /**
   * Makes sure that each can be written, replaces nothing but the like, and that no two are the
   * same file.
   *
   * @throws RunDirectoryConflict if one cannot be written, or would replace something else
   * @throws InvalidConfiguration if one would replace another
   */
  Outputs requireWritable() {
    Map<Path, String> taken = new LinkedHashMap<>();
    byOption.forEach(
        (option, file) -> {
          removeAbandoned(file, AtomicFile.requireWritable(file));
          requireOurs(file);
          String other = taken.put(real(file), option);
          if (other != null) {
            throw new InvalidConfiguration(option, file + " is what " + other + " writes already");
          }
        });
    return this;
  }

  /** Someone's data are not replaced by a slip of a name. */
  private static void requireOurs(Path file) {
    if (!Files.exists(file)) {
      return;
    }
    String start;
    try (InputStream in = Files.newInputStream(file)) {
      start = new String(in.readNBytes(START_BYTES), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new RunDirectoryConflict(file, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
    if (!start.isEmpty() && !OURS.matcher(start).lookingAt()) {
      throw new RunDirectoryConflict(
          file, "is there already and is no .npy file, drawing or kernel; name another output");
    }
  }

  /** What is left of a file whose writers were killed goes when it is written the next time. */
  private static void removeAbandoned(Path file, Path directory) {
    try {
      AtomicFile.removeAbandoned(
          directory, file.getFileName().toString()::equals, AtomicFile.ABANDONED);
    } catch (IOException e) {
      // It takes room on the disk, and no more.
    }
  }

  /**
   * Makes sure that a file which the command reads is none of them.
   *
   * @throws InvalidConfiguration if one would replace it
   */
  void requireApartFrom(Path input) {
    byOption.forEach(
        (option, file) -> {
          if (Files.exists(input) && real(file).equals(real(input))) {
            throw new InvalidConfiguration(
                option, file + " is what this command reads; name another output");
          }
        });
  }

  /**
   * Makes sure that none is in a store which the command reads.
   *
   * @throws InvalidConfiguration if one would be written among its files
   */
  void requireOutside(Path store) {
    byOption.forEach(
        (option, file) -> {
          if (real(file).startsWith(real(store))) {
            throw new InvalidConfiguration(
                option, file + " is inside the store; name another file");
          }
        });
  }

  /** One name for a file, however it is reached. */
  private static Path real(Path file) {
    try {
      if (Files.exists(file)) {
        return file.toRealPath();
      }
      Path absolute = file.toAbsolutePath();
      return absolute.getParent().toRealPath().resolve(absolute.getFileName());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
