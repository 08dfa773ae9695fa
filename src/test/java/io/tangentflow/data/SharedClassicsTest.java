package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/**
 * CIFAR-10, AG News and the climate of Delhi as published, where they lie beside the repository.
 */
class SharedClassicsTest {

  private static final Path DATA = Path.of("../shared/data");
  private static final Pattern COMMA = Pattern.compile(",");

  private static Path shared(String name) {
    Path directory = DATA.resolve(name);
    assumeTrue(Files.isDirectory(directory), directory + " is absent; it is not read");
    return directory;
  }

  @Test
  void imagesOfCifarAreTheBytesOfTheirBatch() throws IOException {
    Path directory = shared("cifar10");
    byte[] raw;
    try (InputStream in =
        new GZIPInputStream(Files.newInputStream(directory.resolve("data_batch_1.bin.gz")))) {
      raw = in.readAllBytes();
    }
    assertEquals(10_000 * 3073, raw.length);
    Dataset data = DataSource.parse("cifar10:" + directory).load(1000, 4);
    int[] drawn = Dataset.drawn(1000, 10_000, "", 4);
    for (int j = 0; j < drawn.length; j++) {
      int start = 3073 * drawn[j];
      assertEquals(raw[start], data.classes().orElseThrow().labels()[j]);
      double[] pixels = new double[3072];
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = Byte.toUnsignedInt(raw[start + 1 + i]);
      }
      assertArrayEquals(pixels, data.inputs().columnRange(j, 1).values());
    }
  }

  @Test
  void newsAreOfFourClassesOfOneSize() {
    Dataset data = DataSource.parse("agnews:" + shared("agnews") + "#d=8").load(7600, 0);
    int[] counts = new int[4];
    for (int label : data.classes().orElseThrow().labels()) {
      counts[label]++;
    }
    assertArrayEquals(new int[] {1900, 1900, 1900, 1900}, counts);
  }

  /**
   * The first rows of the file, read without a CSV parser, against the hashed features of a
   * dimension at which their terms do not collide. Rounding: a hundred products of a few
   * operations.
   */
  @Test
  void productsOfNewsAreThoseOfTheirTerms() throws IOException {
    Path directory = shared("agnews");
    List<String> texts =
        Files.readAllLines(directory.resolve("test.csv")).stream()
            .map(line -> line.substring(3).replace('"', ' ').replace('\\', ' '))
            .toList();
    int[] drawn = Arrays.copyOf(Dataset.drawn(7600, 7600, "", 2), 6);
    PlainTfIdf plain = new PlainTfIdf(texts);
    List<Map<String, Double>> weights = Arrays.stream(drawn).mapToObj(plain::weights).toList();
    Dataset data = DataSource.parse("agnews:" + directory + "#d=4194304,seed=1").load(6, 2);
    for (int i = 0; i < drawn.length; i++) {
      double[] x = data.inputs().columnRange(i, 1).values();
      assertEquals(weights.get(i).size(), Arrays.stream(x).filter(value -> value != 0).count());
      for (int j = 0; j < drawn.length; j++) {
        double expected = PlainTfIdf.dot(weights.get(i), weights.get(j));
        double scale = Math.sqrt(squares(weights.get(i)) * squares(weights.get(j)));
        assertEquals(expected, dot(data.inputs(), i, j), 1e-13 * scale);
      }
    }
  }

  private static double squares(Map<String, Double> weights) {
    return PlainTfIdf.dot(weights, weights);
  }

  private static double dot(DenseMatrix inputs, int i, int j) {
    double sum = 0;
    for (int k = 0; k < inputs.rows(); k++) {
      sum += inputs.get(k, i) * inputs.get(k, j);
    }
    return sum;
  }

  @Test
  void windowsOfTheClimateAreTheLinesOfItsFile() throws IOException {
    Path directory = shared("daily-climate");
    List<String> lines = Files.readAllLines(directory.resolve("DailyDelhiClimateTrain.csv"));
    assertEquals(1463, lines.size());
    Dataset data = DataSource.parse("climate:" + directory).load(1455, 0);
    assertEquals(21, data.dimension());
    for (int j = 0; j < 1455; j++) {
      for (int day = 0; day < 7; day++) {
        String[] cells = COMMA.split(lines.get(1 + j + day), -1);
        for (int k = 0; k < 3; k++) {
          assertEquals(Double.parseDouble(cells[1 + k]), data.inputs().get(3 * day + k, j));
        }
      }
      String[] next = COMMA.split(lines.get(1 + j + 7), -1);
      assertEquals(Double.parseDouble(next[1]), data.targets().orElseThrow().get(0, j));
    }
  }
}
