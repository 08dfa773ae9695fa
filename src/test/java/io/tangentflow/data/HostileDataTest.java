package io.tangentflow.data;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.Edits;
import io.tangentflow.testing.Edits.Input;
import io.tangentflow.testing.Fuzz;
import io.tangentflow.testing.Reading;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;

/** Files of data as nobody should have written them. */
class HostileDataTest {

  private static final String IMAGES = "train-images-idx3-ubyte";
  private static final String LABELS = "train-labels-idx1-ubyte";

  private static final byte[] VALID_IMAGES = images(5, 4, 3);
  private static final byte[] VALID_LABELS = labels(5);

  private static final List<byte[]> NPY =
      List.of(
          npy(3, 4, ElementType.FP64),
          npy(1, 1, ElementType.FP32),
          npy(4, 3, ElementType.FP32),
          numpy("{'descr': '>f8', 'fortran_order': False, 'shape': (3,), }", 24),
          numpy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24));

  private static final List<byte[]> CSV =
      List.of(
          text("a,b,label\n1,2,0\n3.5,-4e2,1\n 5 ,\"6\",0\n"),
          text("1,2\r\n3,4\r\n"),
          text("\uFEFFx,\"y, z\"\n1,2\n\n3,4\n"));

  private static final List<byte[]> NEWS =
      List.of(
          text("1,\"A title, quoted\",Some words\\and more\n4,\"It \"\"was\"\"\",Über Wörter\n"),
          text("2,a,b\n3,c,d\n2,a,e\n"));

  private static final List<byte[]> CLIMATE =
      List.of(
          text(
              """
              date,meantemp,humidity,wind_speed,meanpressure
              2013-01-01,10,84.5,0,1015.6
              2013-01-02,7.4,92,2.98,1017.8
              2013-01-03,7.17,87,4.63,1018.6
              2013-01-04,8.7,71.3,1.23,1017.1
              """));

  private static final String NETWORK =
      """
      [{"activation":"tanh","method":"euler","n":2,"d":3,"N":1,"L":4,"T":1.0,
        "sigmaU":1,"sigmaW":1.5,"sigmaV":1,"U":[[1,2,3],[4,5,6]],"W":[[1,0],[0,1]],"v":[1,2],
        "X":[[1,2,3]],"outputs":[0.5],"gradU":[[[1,2,3],[4,5,6]]],"gradW":[[[1,2],[3,4]]],
        "gradV":[[1,2]],"ntk":[[7]]}]
      """;

  @Fuzz
  void idxImages(@ForAll Edits edits) throws IOException {
    Reading.file(LABELS, VALID_LABELS);
    read(IMAGES, edits.of(List.of(VALID_IMAGES)), idx());
  }

  @Fuzz
  void idxLabels(@ForAll Edits edits) throws IOException {
    Reading.file(IMAGES, VALID_IMAGES);
    read(LABELS, edits.of(List.of(VALID_LABELS)), idx());
  }

  @Fuzz
  void cifar(@ForAll Edits edits) throws IOException {
    byte[] two = new byte[2 * 3073];
    two[3073] = 9;
    read("data_batch_1.bin", edits.of(List.of(two)), new CifarDirectory(Reading.directory()));
  }

  @Fuzz
  void agNews(@ForAll Edits edits) throws IOException {
    read(
        "train.csv",
        edits.of(NEWS),
        new AgNewsDirectory(Reading.directory(), new HashedTfIdf(16, 0)));
  }

  @Fuzz
  void climate(@ForAll Edits edits) throws IOException {
    read(
        "DailyDelhiClimateTrain.csv",
        edits.of(CLIMATE),
        new ClimateDirectory(Reading.directory(), 2));
  }

  @Fuzz
  void csv(@ForAll Edits edits) throws IOException {
    Input input = edits.of(CSV);
    Path file = Reading.file("data.csv", input.bytes());
    CsvFile csv =
        new CsvFile(file, edits.original() % 3 == 0 ? Optional.of("b") : Optional.empty());
    Reading.of("data.csv", input.length(), () -> csv.all().normalised(Normalisation.STANDARD));
  }

  @Fuzz
  void npySamples(@ForAll Edits edits) throws IOException {
    Input input = edits.of(NPY);
    Path file = Reading.file("data.npy", input.bytes());
    Reading.of("data.npy", input.length(), () -> new NpyFile(file).load(1, 0));
  }

  @Fuzz
  void npyMatrix(@ForAll Edits edits) throws IOException {
    Input input = edits.of(NPY);
    Path file = Reading.file("K.npy", input.bytes());
    Reading.of("K.npy", input.length(), () -> Npy.readFinite(file));
  }

  @Fuzz
  void networks(@ForAll Edits edits) throws IOException {
    Input input = edits.plain().of(List.of(text(NETWORK)));
    Path file = Reading.file("networks.json", input.bytes());
    Reading.of("networks.json", input.length(), () -> NetworkFile.read(file));
  }

  @Fuzz
  void dataArgument(@ForAll Edits edits) throws IOException {
    String argument =
        edits.of(
            "digits",
            "synthetic:d=32,seed=5",
            "mnist:DIR",
            "agnews:DIR#d=512,seed=3",
            "climate:DIR#days=14",
            "csv:FILE#COLUMN",
            "npy:FILE");
    Reading.of("--data", argument.length(), () -> DataSource.parse(argument));
  }

  private static void read(String name, Input input, DataSource source) throws IOException {
    Reading.file(name, input.bytes());
    Reading.of(Reading.directory().toString(), input.length(), () -> source.load(1, 0));
  }

  private static DataSource idx() {
    return new IdxDirectory("mnist", Reading.directory(), IdxDirectory.Part.TRAIN);
  }

  static byte[] images(int count, int rows, int columns) {
    ByteBuffer file = ByteBuffer.allocate(16 + count * rows * columns);
    return file.putInt(2051).putInt(count).putInt(rows).putInt(columns).array();
  }

  static byte[] labels(int count) {
    return ByteBuffer.allocate(8 + count).putInt(2049).putInt(count).array();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] npy(int rows, int columns, ElementType type) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      Npy.write(out, new DenseMatrix(rows, columns, new double[rows * columns]), type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** As NumPy writes version 2.0. */
  private static byte[] numpy(String header, int entryBytes) {
    ByteBuffer file = ByteBuffer.allocate(12 + header.length() + entryBytes);
    file.order(ByteOrder.LITTLE_ENDIAN)
        .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0})
        .putInt(header.length())
        .put(text(header));
    return file.array();
  }
}
