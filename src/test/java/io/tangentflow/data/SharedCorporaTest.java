package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.data.IdxDirectory.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The readers on the published files, where those lie beside the repository. */
class SharedCorporaTest {

  private static final Path MNIST = Path.of("../shared/data/mnist");

  @BeforeAll
  static void needsMnist() {
    assumeTrue(Files.isDirectory(MNIST), MNIST + " is absent; the real MNIST is not read");
  }

  /** The published sum of the unpacked training images. */
  @Test
  void theUnpackedTrainingImagesHaveTheirPublishedSum()
      throws IOException, NoSuchAlgorithmException {
    try (SourceFile in = SourceFile.open(MNIST.resolve("train-images-idx3-ubyte.gz"))) {
      byte[] md5 = MessageDigest.getInstance("MD5").digest(in.readAllBytes());
      assertEquals("6bbc9ace898e44ae57da46a324031adb", HexFormat.of().formatHex(md5));
    }
  }

  @Test
  void allTestImagesAreReadWithTheirClasses() {
    Dataset data = new IdxDirectory("mnist", MNIST, Part.TEST).load(10_000, 0);
    assertEquals(784, data.dimension());
    int[] counts = new int[10];
    for (int label : data.classes().orElseThrow().labels()) {
      counts[label]++;
    }
    assertArrayEquals(new int[] {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, counts);
  }

  @Test
  void provenanceIsTheHashOfTheFilesOnDisk() throws IOException, NoSuchAlgorithmException {
    Dataset data = DataSource.parse("mnist:" + MNIST).load(100, 0);
    assertEquals(2, data.provenance().size());
    for (Provenance file : data.provenance()) {
      byte[] onDisk = Files.readAllBytes(file.file());
      byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(onDisk);
      assertEquals(HexFormat.of().formatHex(sha256), file.sha256());
    }
  }
}
