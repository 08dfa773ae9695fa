package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The training images of CIFAR-10 (Krizhevsky 2009, <i>Learning Multiple Layers of Features from
 * Tiny Images</i>) in the binary version: those of {@code data_batch_1.bin} … {@code
 * data_batch_5.bin} that are in a directory, each plain or with {@code .gz}, in this order. An
 * image is one byte, its class 0 … 9, and 3072 pixels 0 … 255: the planes of red, green and blue,
 * each of 32 rows of 32. They are the features as they stand in the file, d = 3072.
 *
 * @param directory where the files lie
 */
public record CifarDirectory(Path directory) implements DataSource {

  private static final String NAME = "cifar10";
  private static final int PIXELS = 3 * 32 * 32;
  private static final int CLASSES = 10;
  private static final List<String> BATCHES =
      IntStream.rangeClosed(1, 5).mapToObj(k -> "data_batch_" + k + ".bin").toList();

  /**
   * Samples drawn as {@link Dataset#subset} draws them.
   *
   * @throws DataFormat if there is none of the files; with a byte offset (of the unpacked content),
   *     if one is empty, ends within an image or has a class above 9
   */
  @Override
  public Dataset load(int samples, long seed) {
    List<Image> images = new ArrayList<>();
    List<Provenance> provenance = new ArrayList<>();
    for (Path batch : batches()) {
      try (SourceFile in = SourceFile.open(batch)) {
        read(in, images);
        provenance.add(in.provenance());
      }
    }
    int[] drawn = Dataset.drawn(samples, images.size(), NAME, seed);
    Dataset.requireOneArray(samples, PIXELS);
    return dataset(images, drawn, provenance);
  }

  @SuppressWarnings("ArrayRecordComponent") // Held for the time of a load.
  private record Image(int label, byte[] pixels) {}

  private List<Path> batches() {
    DataFolder folder =
        new DataFolder(
            directory,
            "the binary version of CIFAR-10 (a byte of class and 3072 of pixels per image)");
    List<Path> found = BATCHES.stream().map(folder::find).flatMap(Optional::stream).toList();
    if (found.isEmpty()) {
      throw folder.lacks(BATCHES);
    }
    return found;
  }

  private static void read(SourceFile in, List<Image> images) {
    int label = in.read();
    if (label < 0) {
      throw in.fault(0, "the file has no image");
    }
    for (int k = 0; label >= 0; k++) {
      if (label >= CLASSES) {
        throw in.fault(in.position() - 1, "class " + label + " of image " + k + " is not 0 to 9");
      }
      byte[] pixels = new byte[PIXELS];
      in.fill(pixels, PIXELS, "the " + PIXELS + " pixels of image " + k);
      images.add(new Image(label, pixels));
      label = in.read();
    }
  }

  private static Dataset dataset(List<Image> images, int[] drawn, List<Provenance> provenance) {
    DenseMatrix inputs = DenseMatrix.zeros(PIXELS, drawn.length);
    int[] labels = new int[drawn.length];
    for (int j = 0; j < drawn.length; j++) {
      Image image = images.get(drawn[j]);
      labels[j] = image.label();
      for (int i = 0; i < PIXELS; i++) {
        inputs.set(i, j, image.pixels()[i] & 0xff);
      }
    }
    return new Dataset(
        NAME,
        inputs,
        Optional.empty(),
        Optional.of(new Classes(CLASSES, labels)),
        provenance,
        SamplePlaces.ofSamples(drawn));
  }
}
