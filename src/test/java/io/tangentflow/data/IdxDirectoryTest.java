package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.IdxDirectory.Part;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdxDirectoryTest {

  private static final int SAMPLES = 50;
  private static final String IMAGES = "train-images-idx3-ubyte";
  private static final String LABELS = "train-labels-idx1-ubyte";

  @TempDir Path directory;

  private final Dataset digits = new Digits().all();
  private byte[] images;
  private byte[] labels;

  @BeforeEach
  void writeDigits() throws IOException {
    images = images(2051, SAMPLES, 8, 8);
    labels = labels(2049, SAMPLES);
    Files.write(directory.resolve(IMAGES), images);
    Files.write(directory.resolve(LABELS), labels);
  }

  @Test
  void samplesAreThoseWritten() {
    assertDigits(Part.TRAIN);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"t10k-%s-idx%d-ubyte.gz", "t10k-%s.idx%d-ubyte", "t10k-%s.idx%d-ubyte.gz"})
  void everySpellingIsFoundAndGzipIsKnownByItsContent(String name) throws IOException {
    Files.write(directory.resolve(String.format(name, "images", 3)), Gzip.pack(images));
    Files.write(directory.resolve(String.format(name, "labels", 1)), labels);
    assertDigits(Part.TEST);
  }

  @Test
  void bytesAbove127AreNotNegative() throws IOException {
    images[16] = (byte) 255;
    Files.write(directory.resolve(IMAGES), images);
    assertEquals(true, Arrays.stream(load(SAMPLES).inputs().values()).anyMatch(x -> x == 255));
  }

  @Test
  void moreSamplesThanThereAreAreRefused() {
    InvalidConfiguration fault = assertThrows(InvalidConfiguration.class, () -> load(SAMPLES + 1));
    assertEquals(
        "--samples: 51 were asked for, and mnist has 50; choose between 1 and 50",
        fault.getMessage());
  }

  @Test
  void anotherMagicNumberIsRefused() throws IOException {
    assertFault(IMAGES, labels, "byte 0: the magic number is 2049, not 2051");
    assertFault(LABELS, images, "byte 0: the magic number is 2051, not 2049");
  }

  @Test
  void aFileThatEndsEarlyOrGoesOnIsRefusedAtThatByte() throws IOException {
    int length = images.length;
    assertFault(
        IMAGES, Arrays.copyOf(images, length - 1), "byte " + (length - 1) + ": the file ends");
    assertFault(
        IMAGES, Arrays.copyOf(images, length + 1), "byte " + length + ": more bytes follow");
    assertFault(IMAGES, Arrays.copyOf(images, 15), "byte 15: the file ends within the IDX header");
    assertFault(IMAGES, new byte[0], "byte 0: the file ends");
    assertFault(LABELS, Arrays.copyOf(labels, labels.length - 1), "byte 57: the file ends");
    assertFault(LABELS, Arrays.copyOf(labels, labels.length + 1), "byte 58: more bytes follow");
  }

  @Test
  void aDamagedGzipFileIsRefused() throws IOException {
    byte[] packed = Gzip.pack(images);
    assertFault(IMAGES, Arrays.copyOf(packed, packed.length / 2), "is it damaged?");
    assertFault(IMAGES, Arrays.copyOf(packed, 5), "cannot be read");
  }

  @Test
  void impossibleExtentsAreRefused() throws IOException {
    assertFault(IMAGES, images(2051, -1, 8, 8), "byte 4: extent 4294967295");
    assertFault(IMAGES, images(2051, SAMPLES, 0, 8), "byte 8: extent 0");
    assertFault(IMAGES, images(2051, 1 << 30, 1 << 30, 1 << 30), "byte 4");
    assertFault(IMAGES, images(2051, 1 << 20, 8, 8), "the file ends");
  }

  @Test
  void countsOfImagesAndLabelsMustAgree() throws IOException {
    assertFault(LABELS, labels(2049, 49), "byte 4: 49 labels stand beside 50 images");
  }

  @Test
  void aLabelAboveNineIsRefused() throws IOException {
    labels[8 + 7] = 10;
    assertFault(LABELS, labels, "byte 15: label 10 of sample 7 is not 0 to 9");
  }

  @Test
  void anAbsentFileIsNamedInEverySpelling() throws IOException {
    Files.delete(directory.resolve(LABELS));
    assertEquals(
        directory
            + ": has no train-labels-idx1-ubyte or train-labels.idx1-ubyte, plain or with .gz: mnist"
            + " as IDX files (big-endian, magic 2051 images, 2049 labels)",
        assertThrows(DataFormat.class, () -> load(1)).getMessage());
  }

  private Dataset load(int samples) {
    return new IdxDirectory("mnist", directory, Part.TRAIN).load(samples, 3);
  }

  /** The directory holds the first digits, and both draw by the same rule. */
  private void assertDigits(Part part) {
    Dataset drawn = new IdxDirectory("mnist", directory, part).load(20, 3);
    int[] order = Permutation.prefix(20, SAMPLES, 3, Permutation.SUBSET_STREAM);
    for (int j = 0; j < order.length; j++) {
      assertEquals(
          digits.classes().orElseThrow().labels()[order[j]],
          drawn.classes().orElseThrow().labels()[j]);
      assertArrayEquals(column(digits, order[j]), column(drawn, j));
    }
    assertEquals(10, drawn.classes().orElseThrow().count());
    assertEquals(2, drawn.provenance().size());
  }

  private static double[] column(Dataset data, int sample) {
    int d = data.dimension();
    return Arrays.copyOfRange(data.inputs().values(), sample * d, (sample + 1) * d);
  }

  private void assertFault(String name, byte[] content, String message) throws IOException {
    writeDigits();
    Path file = Files.write(directory.resolve(name), content);
    String actual = assertThrows(DataFormat.class, () -> load(1)).getMessage();
    assertEquals(true, actual.startsWith(file + ", ") || actual.startsWith(file + ": "), actual);
    assertEquals(true, actual.contains(message), actual);
  }

  private byte[] images(int magic, int count, int rows, int columns) {
    ByteBuffer file = ByteBuffer.allocate(16 + SAMPLES * 64);
    file.putInt(magic).putInt(count).putInt(rows).putInt(columns);
    for (int k = 0; k < SAMPLES * 64; k++) {
      file.put((byte) digits.inputs().values()[k]);
    }
    return file.array();
  }

  private byte[] labels(int magic, int count) {
    ByteBuffer file = ByteBuffer.allocate(8 + count).putInt(magic).putInt(count);
    for (int j = 0; j < count; j++) {
      file.put((byte) digits.classes().orElseThrow().labels()[j]);
    }
    return file.array();
  }
}
