package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarDirectoryTest {

  private static final int BYTES = 3073;

  @TempDir Path directory;

  /** Images from, …, to − 1; every byte value occurs, and no two images are equal. */
  private static byte[] batch(int from, int to) {
    byte[] bytes = new byte[BYTES * (to - from)];
    for (int k = from; k < to; k++) {
      int start = BYTES * (k - from);
      bytes[start] = (byte) label(k);
      for (int i = 0; i < BYTES - 1; i++) {
        bytes[start + 1 + i] = (byte) pixel(k, i);
      }
    }
    return bytes;
  }

  private static int label(int image) {
    return (3 * image + 9) % 10;
  }

  private static int pixel(int image, int i) {
    return (17 * image + i + i / 1024) % 256;
  }

  private void write(int batch, byte[] content) throws IOException {
    Files.write(directory.resolve("data_batch_" + batch + ".bin"), content);
  }

  private Dataset load(int samples, long seed) {
    return DataSource.parse("cifar10:" + directory).load(samples, seed);
  }

  @Test
  void batchesThatAreThereAreOneAfterTheOtherPlainOrPacked() throws IOException {
    write(5, batch(5, 7));
    write(2, batch(0, 3));
    Files.write(directory.resolve("data_batch_4.bin.gz"), Gzip.pack(batch(3, 5)));
    Files.write(directory.resolve("test_batch.bin"), batch(7, 9));
    Dataset data = load(7, 11);
    int[] drawn = Dataset.drawn(7, 7, "", 11);
    for (int j = 0; j < 7; j++) {
      assertEquals(label(drawn[j]), data.classes().orElseThrow().labels()[j]);
      for (int i = 0; i < BYTES - 1; i++) {
        assertEquals(pixel(drawn[j], i), data.inputs().get(i, j));
      }
    }
    assertEquals(BYTES - 1, data.dimension());
    assertEquals(10, data.classes().orElseThrow().count());
    assertEquals(
        List.of("data_batch_2.bin", "data_batch_4.bin.gz", "data_batch_5.bin"),
        data.provenance().stream().map(read -> read.file().getFileName().toString()).toList());
  }

  @Test
  void fewerSamplesAreTheBeginningOfMore() throws IOException {
    write(1, batch(0, 8));
    assertArrayEquals(
        Arrays.copyOf(load(6, 3).inputs().values(), 2 * (BYTES - 1)), load(2, 3).inputs().values());
    assertThrows(InvalidConfiguration.class, () -> load(9, 3));
    assertThrows(InvalidConfiguration.class, () -> load(0, 3));
  }

  @Test
  void aFileThatIsNoWholeNumberOfImagesIsRefused() throws IOException {
    write(1, batch(0, 2));
    write(3, Arrays.copyOf(batch(0, 3), 2 * BYTES + 100));
    assertFault(
        "data_batch_3.bin, byte "
            + (2 * BYTES + 100)
            + ": the file ends within the 3072 pixels of image 2");
    write(3, Arrays.copyOf(batch(0, 3), BYTES + 1));
    assertFault("byte " + (BYTES + 1) + ": the file ends within the 3072 pixels of image 1");
    write(3, new byte[0]);
    assertFault("data_batch_3.bin, byte 0: the file has no image");
  }

  @Test
  void aClassAboveNineIsRefused() throws IOException {
    byte[] content = batch(0, 3);
    content[2 * BYTES] = 10;
    write(1, content);
    assertFault("data_batch_1.bin, byte " + 2 * BYTES + ": class 10 of image 2 is not 0 to 9");
    content[2 * BYTES] = (byte) 255;
    write(1, content);
    assertFault("class 255 of image 2 is not 0 to 9");
  }

  @Test
  void aDamagedPackedFileIsRefused() throws IOException {
    byte[] packed = Gzip.pack(batch(0, 3));
    Files.write(directory.resolve("data_batch_1.bin.gz"), Arrays.copyOf(packed, packed.length / 2));
    assertFault("is it damaged?");
  }

  @Test
  void whatWasLookedForIsNamed() {
    assertFault(
        directory
            + ": has no data_batch_1.bin or data_batch_2.bin or data_batch_3.bin or data_batch_4.bin"
            + " or data_batch_5.bin, plain or with .gz: the binary version of CIFAR-10 (a byte of"
            + " class and 3072 of pixels per image)");
    directory = directory.resolve("none");
    assertFault(directory + ": there is no such directory; data_batch_1.bin or");
  }

  private void assertFault(String message) {
    DataFormat fault = assertThrows(DataFormat.class, () -> load(1, 0));
    assertEquals(true, fault.getMessage().contains(message), fault.getMessage());
  }
}
