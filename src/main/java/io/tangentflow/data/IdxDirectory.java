package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.model.DenseMatrix;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A directory in the layout of MNIST: images and labels in IDX files (big-endian), each plain or
 * gzip, named {@code train-images-idx3-ubyte} or {@code train-images.idx3-ubyte}, with or without
 * {@code .gz}. Pixels are 0 … 255 as in the file, row by row; labels are classes 0 … 9.
 *
 * @param name what the data set is called
 * @param directory where the files lie
 * @param part which of its pairs of files
 */
public record IdxDirectory(String name, Path directory, Part part) implements DataSource {

  /** The two sets that are published together. */
  public enum Part {
    /** Files whose names begin with {@code train}. */
    TRAIN("train"),
    /** Files whose names begin with {@code t10k}. */
    TEST("t10k");

    private final String prefix;

    Part(String prefix) {
      this.prefix = prefix;
    }
  }

  private static final int IMAGES_MAGIC = 2051;
  private static final int LABELS_MAGIC = 2049;
  private static final int CLASSES = 10;

  /**
   * Samples drawn as {@link Dataset#subset} draws them.
   *
   * @throws DataFormat with a byte offset (of the unpacked content), if a file has another magic
   *     number, is longer or shorter than its header says, has a label above 9, or if the files
   *     differ in their numbers of samples
   */
  @Override
  public Dataset load(int samples, long seed) {
    Images images = readImages();
    Labels labels = readLabels(images.count());
    int[] drawn = Dataset.drawn(samples, images.count(), name, seed);
    return new Dataset(
        name,
        images.select(drawn),
        Optional.empty(),
        Optional.of(labels.classes().select(drawn)),
        List.of(images.provenance(), labels.provenance()),
        SamplePlaces.ofSamples(drawn));
  }

  @SuppressWarnings("ArrayRecordComponent") // Held for the time of a load.
  private record Images(int count, int pixels, byte[] bytes, Provenance provenance) {

    DenseMatrix select(int[] samples) {
      DenseMatrix inputs = DenseMatrix.zeros(pixels, samples.length);
      for (int j = 0; j < samples.length; j++) {
        for (int i = 0; i < pixels; i++) {
          inputs.set(i, j, bytes[samples[j] * pixels + i] & 0xff);
        }
      }
      return inputs;
    }
  }

  private record Labels(Classes classes, Provenance provenance) {}

  private Images readImages() {
    try (SourceFile in = SourceFile.open(find("images", 3))) {
      ByteBuffer header = header(in, IMAGES_MAGIC, 3);
      int count = extent(in, header, 0);
      int rows = extent(in, header, 1);
      int columns = extent(in, header, 2);
      long pixels = (long) rows * columns;
      if (pixels > Integer.MAX_VALUE || pixels * count > Integer.MAX_VALUE) {
        throw in.fault(
            Integer.BYTES,
            count + " images of " + rows + " x " + columns + " exceed 2^31 - 1 pixels");
      }
      byte[] bytes = body(in, (int) pixels * count, count + " images of " + rows + " x " + columns);
      return new Images(count, (int) pixels, bytes, in.provenance());
    }
  }

  private Labels readLabels(int images) {
    try (SourceFile in = SourceFile.open(find("labels", 1))) {
      int count = extent(in, header(in, LABELS_MAGIC, 1), 0);
      if (count != images) {
        throw in.fault(Integer.BYTES, count + " labels stand beside " + images + " images");
      }
      long start = in.position();
      byte[] bytes = body(in, count, count + " labels");
      int[] labels = new int[count];
      for (int j = 0; j < count; j++) {
        labels[j] = bytes[j] & 0xff;
        if (labels[j] >= CLASSES) {
          throw in.fault(start + j, "label " + labels[j] + " of sample " + j + " is not 0 to 9");
        }
      }
      return new Labels(new Classes(CLASSES, labels), in.provenance());
    }
  }

  private Path find(String content, int dimensions) {
    String stem = part.prefix + "-" + content;
    String type = "idx" + dimensions + "-ubyte";
    List<String> names = List.of(stem + "-" + type, stem + "." + type);
    DataFolder folder =
        new DataFolder(
            directory,
            name
                + " as IDX files (big-endian, magic "
                + IMAGES_MAGIC
                + " images, "
                + LABELS_MAGIC
                + " labels)");
    return names.stream()
        .map(folder::find)
        .flatMap(Optional::stream)
        .findFirst()
        .orElseThrow(() -> folder.lacks(names));
  }

  private static ByteBuffer header(SourceFile in, int magic, int dimensions) {
    byte[] header = new byte[Integer.BYTES * (1 + dimensions)];
    in.fill(header, header.length, "the IDX header");
    int found = ByteBuffer.wrap(header).getInt();
    if (found != magic) {
      throw in.fault(0, "the magic number is " + found + ", not " + magic);
    }
    return ByteBuffer.wrap(header);
  }

  private static int extent(SourceFile in, ByteBuffer header, int dimension) {
    int at = Integer.BYTES * (1 + dimension);
    int extent = header.getInt(at);
    if (extent < 1) {
      throw in.fault(
          at, "extent " + Integer.toUnsignedString(extent) + " is not within 1 to 2^31 - 1");
    }
    return extent;
  }

  private static byte[] body(SourceFile in, int count, String what) {
    byte[] bytes = in.next(count, what);
    in.expectEnd(what);
    return bytes;
  }
}
