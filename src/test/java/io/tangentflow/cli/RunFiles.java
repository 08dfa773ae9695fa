package io.tangentflow.cli;

import io.tangentflow.data.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The files that a command leaves, for comparison with those of another. */
final class RunFiles {

  /** What no two runs have the same: times, and nine tenths of what is free. */
  private static final Pattern OF_THE_MOMENT =
      Pattern.compile(
          "\"(seconds|created|budget)\"\\s*:\\s*(\"[^\"]*\"|\\[[^\\]]*]|\\{[^}]*}|[-+.0-9E]+),?");

  private RunFiles() {}

  /**
   * Every file that a run keeps, by its path, with all in it that is not of the moment: bytes; JSON
   * without times and budget; of what is derived from times that it is there.
   */
  static Map<String, String> contents(Path directory) {
    Map<String, String> contents = new TreeMap<>();
    for (Path file : all(directory)) {
      String name = directory.relativize(file).toString();
      if (!Files.isDirectory(file)
          && !name.contains(".tmp")
          && !file.getFileName().toString().equals(".lock")) {
        contents.put(name, content(file));
      }
    }
    return contents;
  }

  /**
   * The names of files that a directory has otherwise than that of an undisturbed run, or alone. A
   * checkpoint that could not be deleted any more is none: it goes when the next one is saved.
   */
  static Set<String> differences(Path undisturbed, Path directory) {
    Map<String, String> expected = contents(undisturbed);
    Map<String, String> found = contents(directory);
    Set<String> names = new TreeSet<>(expected.keySet());
    names.addAll(found.keySet());
    names.removeIf(name -> Objects.equals(expected.get(name), found.get(name)));
    String oldest = checkpoints(expected.keySet()).findFirst().orElse("");
    checkpoints(found.keySet()).filter(name -> name.compareTo(oldest) < 0).forEach(names::remove);
    return names;
  }

  private static Stream<String> checkpoints(Set<String> names) {
    return names.stream().filter(name -> name.contains("checkpoints/step-")).sorted();
  }

  private static String content(Path file) {
    String name = file.getFileName().toString();
    if (name.endsWith(".jsonl")) {
      return lines(file).stream().sorted().collect(Collectors.joining("\n"));
    }
    String text = text(file);
    if (name.endsWith(".json")) {
      return OF_THE_MOMENT.matcher(text).replaceAll("");
    }
    boolean timed = Stream.of(".html", ".csv", ".sha256").anyMatch(name::endsWith);
    return timed && !text.isEmpty() ? "is there" : text;
  }

  /** The lines of a file of JSON values that are whole, without times; none if there is no file. */
  static List<String> lines(Path file) {
    String text = Files.exists(file) ? text(file) : "";
    return text.substring(0, text.lastIndexOf('\n') + 1)
        .lines()
        .map(line -> OF_THE_MOMENT.matcher(line).replaceAll(""))
        .toList();
  }

  private static String text(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets what is left of a process appear to be as old as it has to be before others remove it. */
  static void age(Path directory) {
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofDays(2)));
    try {
      for (Path leftover : leftovers(directory)) {
        Files.setLastModifiedTime(leftover, old);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Temporary files and directories that nobody will rename any more. */
  static List<Path> leftovers(Path directory) {
    return all(directory).stream()
        .filter(path -> AtomicFile.isLeftover(path.getFileName().toString()))
        .toList();
  }

  /** Everything in a directory, which need not exist, and itself. */
  static List<Path> all(Path directory) {
    if (!Files.exists(directory)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.walk(directory)) {
      return paths.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void copy(Path from, Path to) {
    try {
      for (Path path : all(from)) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void delete(Path tree) {
    try {
      for (Path path : all(tree).stream().sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
