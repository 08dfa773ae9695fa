package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class DigitsTest {

  private final Dataset digits = new Digits().all();

  @Test
  void thereAre1797ImagesOf64PixelsFrom0To16() {
    assertEquals(1797, digits.samples());
    assertEquals(64, digits.dimension());
    double[] pixels = digits.inputs().values();
    assertEquals(0, Arrays.stream(pixels).min().orElseThrow());
    assertEquals(16, Arrays.stream(pixels).max().orElseThrow());
    assertEquals(true, Arrays.stream(pixels).allMatch(x -> x == Math.rint(x)));
  }

  /** The counts that the UCI repository publishes for its test part. */
  @Test
  void theClassesHaveTheirPublishedCounts() {
    int[] counts = new int[10];
    for (int label : digits.classes().orElseThrow().labels()) {
      counts[label]++;
    }
    assertArrayEquals(new int[] {178, 182, 177, 183, 181, 182, 181, 179, 174, 180}, counts);
  }

  @Test
  void itsProvenanceIsTheCommittedFile() {
    assertEquals(
        List.of(
            new Provenance(
                Path.of("digits.csv.gz"),
                "46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a")),
        digits.provenance());
  }
}
