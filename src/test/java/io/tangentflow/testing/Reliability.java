package io.tangentflow.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * How much the tests of reliability try: a part of it in every build, all of it under the profile
 * {@code reliability}, whose figures docs/reliability.md tells.
 */
public final class Reliability {

  private static final boolean FULL = "full".equals(System.getProperty("tangentflow.reliability"));

  private static final Path FIGURES = Path.of("target", "reliability.txt");

  private Reliability() {}

  /** Whether all is tried. */
  public static boolean full() {
    return FULL;
  }

  /** How many of something are tried: in every build, or where all is tried. */
  public static int count(int usual, int full) {
    return FULL ? full : usual;
  }

  /**
   * Adds a line to {@code target/reliability.txt}, and prints it.
   *
   * @param subject what was tried
   * @param figures what came of it, with numbers and units
   */
  public static synchronized void figures(String subject, String figures) {
    String line = subject + ": " + figures;
    System.out.println("RELIABILITY " + line);
    try {
      Files.createDirectories(FIGURES.getParent());
      Files.writeString(
          FIGURES,
          line + System.lineSeparator(),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
