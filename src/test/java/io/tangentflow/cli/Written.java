package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What commands have computed into a directory: matrices, and the lines of runs without their
 * times. Nothing in it is the beginning of a file.
 *
 * @param matrices by file
 * @param lines by file
 */
record Written(Map<String, DenseMatrix> matrices, Map<String, String> lines) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TILE = ".tile";

  static Written in(Path directory) {
    Map<String, DenseMatrix> matrices = new TreeMap<>();
    Map<String, String> lines = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = directory.relativize(file).toString();
        assertFalse(AtomicFile.isLeftover(file.getFileName().toString()), name);
        if (name.endsWith(".npy")) {
          matrices.put(name, Npy.readFinite(file));
        } else if (name.endsWith(TILE)) {
          lines.put(name, Arrays.toString(Files.readAllBytes(file)));
        } else if (name.endsWith("results.jsonl")) {
          lines.put(name, withoutTimes(file));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Written(matrices, lines);
  }

  private static String withoutTimes(Path file) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (String line : Files.readAllLines(file)) {
      ObjectNode node = (ObjectNode) JSON.readTree(line);
      node.remove("seconds");
      lines.append(node).append('\n');
    }
    return lines.toString();
  }

  /** The same bits. */
  void assertSame(Written other, String of) {
    assertEquals(matrices.keySet(), other.matrices.keySet(), of);
    assertEquals(lines, other.lines, of);
    matrices.forEach(
        (name, matrix) -> assertEquals(0, matrix.distance(other.matrices.get(name)), of + name));
  }

  /**
   * Of what is here, all that is in the other one, by plans that sum in other orders. Tiles have
   * the same bits.
   *
   * @param tolerance of a matrix, relative to its norm
   */
  void assertPartOf(Written other, double tolerance, String of) {
    assertTrue(other.matrices.keySet().containsAll(matrices.keySet()), of);
    matrices.forEach(
        (name, matrix) -> {
          DenseMatrix expected = other.matrices.get(name);
          assertEquals(0, matrix.distance(expected), tolerance * expected.norm(), of + ", " + name);
        });
    lines.forEach(
        (name, bytes) -> {
          if (name.endsWith(TILE)) {
            assertEquals(0, tolerance, "tiles are compared by their bits");
            assertEquals(other.lines.get(name), bytes, of + ", " + name);
          }
        });
  }

  /** Empties a directory. */
  static void clear(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        if (!file.equals(directory)) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
