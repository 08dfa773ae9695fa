package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.IdxDirectory.Part;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.Pipes;
import io.tangentflow.testing.Reading;
import io.tangentflow.testing.Reliability;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Single files that would fill the memory, wait for ever, or be something else than a file. */
@Tag("reliability")
class HostileFileTest {

  private static final String IMAGES = "train-images-idx3-ubyte";
  private static final String LABELS = "train-labels-idx1-ubyte";
  private static final long PAUSE_NANOS = 1_000_000;
  private static final int MEMBER = 1 << 24;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir private Path directory;

  /** gzip of what begins so and goes on with so many times 16 MiB of zeros. */
  private Path bomb(String name, byte[] beginning, int members) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(Gzip.pack(beginning));
    byte[] zeros = Gzip.pack(new byte[MEMBER]);
    for (int i = 0; i < members; i++) {
      bytes.write(zeros);
    }
    return Files.write(directory.resolve(name), bytes.toByteArray());
  }

  private static String refusal(long mostBytes, Executable reader) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    String sentence = assertThrows(DataFormat.class, reader).getMessage();
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertTrue(allocated < mostBytes, allocated + " bytes were allocated");
    return sentence;
  }

  /** 10 MB that unpack to 10 GB. */
  @Test
  void idxAndNpyReadNoMoreOfABombThanTheirHeadersSay() throws IOException {
    Path images = bomb(IMAGES, HostileDataTest.images(5, 4, 3), 700);
    assertTrue(Files.size(images) > 10 << 20, Files.size(images) + " bytes");
    assertEquals(
        images + ", byte 76: more bytes follow after the end of 5 images of 4 x 3",
        refusal(1 << 22, () -> idx().load(1, 0)));
    Path npy = bomb("data.npy", npy("'<f8'", "(2, 3)", 48), 700);
    assertTrue(refusal(1 << 22, () -> Npy.read(npy)).contains("more bytes follow after the end"));
  }

  /** 1 MB that unpacks to 1 GB, in formats that do not say how much there is. */
  @Test
  void ofFormatsWithoutALengthABombIsRefusedAtAHundredTimesItsSize() throws IOException {
    Path batch = bomb("data_batch_1.bin", new byte[0], 64);
    long bound = 100 * Files.size(batch);
    assertEquals(
        batch
            + ", byte "
            + bound
            + ": it unpacks to more than 100 times its size; if that is right, give the file"
            + " unpacked",
        refusal(2 * bound, () -> new CifarDirectory(directory).load(1, 0)));
    Path csv = bomb("data.csv", new byte[0], 64);
    assertTrue(refusal(8 * bound, () -> csv(csv).all()).contains("a row is longer than 67108864"));
  }

  @Test
  void aSmallFileMayUnpackToAnyMultiple() throws IOException {
    int count = MEMBER / 16;
    Files.write(directory.resolve(IMAGES), Gzip.pack(HostileDataTest.images(count, 3, 5)));
    Files.write(directory.resolve(LABELS), Gzip.pack(HostileDataTest.labels(count)));
    assertEquals(15, idx().load(1, 0).dimension());
  }

  /** The shortest rows take most memory for a byte. */
  @Test
  void longFilesTakeMemoryInProportion() throws Throwable {
    Path file = Files.writeString(directory.resolve("data.csv"), "0\n".repeat(1 << 19));
    assertAllocatesInProportion(file, () -> csv(file).all());
    Path news = Files.writeString(directory.resolve("train.csv"), "1,a,b\n".repeat(1 << 17));
    assertAllocatesInProportion(
        news, () -> new AgNewsDirectory(directory, new HashedTfIdf(8, 0)).load(1, 0));
    Path json =
        Files.writeString(
            directory.resolve("networks.json"), "[{\"X\":[" + "[],".repeat(1 << 18) + "1]}]");
    assertAllocatesInProportion(
        json, () -> assertThrows(DataFormat.class, () -> NetworkFile.read(json)));
  }

  private static void assertAllocatesInProportion(Path file, Executable reader) throws Throwable {
    long size = Files.size(file);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    reader.execute();
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertTrue(
        allocated <= Reading.BASE_BYTES + Reading.BYTES_PER_BYTE * size,
        file + " of " + size + " bytes took " + allocated);
    Reliability.figures(
        "memory of " + file.getFileName(), allocated / size + " bytes for each byte of the file");
  }

  @ParameterizedTest
  @CsvSource({
    "2147483647, 2147483647, 2147483647",
    "1, 65536, 65536",
    "65536, 1, 65536",
    "2, 2147483647, 1",
    "1, 46341, 46341",
    "2147483647, 1, 1",
    "300000000, 1, 1",
    "0, 4, 3",
    "5, -1, 3",
    "5, 4, -2147483648",
    "-2147483648, -1, 0"
  })
  void absurdExtentsOfIdxAreRefusedBeforeAnythingIsAllocated(int count, int rows, int columns)
      throws IOException {
    byte[] file = ByteBuffer.allocate(76).putInt(2051).putInt(count).putInt(rows).array();
    ByteBuffer.wrap(file).putInt(12, columns);
    for (byte[] form : new byte[][] {file, Gzip.pack(file)}) {
      Path images = Files.write(directory.resolve(IMAGES), form);
      String sentence = refusal(1 << 22, () -> idx().load(1, 0));
      assertTrue(sentence.startsWith(images + ", byte "), sentence);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(2147483647, 2147483647)",
        "(4294967296,)",
        "(99999999999999999999, 1)",
        "(-1, 3)",
        "(46341, 46341)",
        "(2147483647,)",
        "(268435456, 1)",
        "(1, 2, 3)",
        "()",
        "(0, 2147483647)",
        "(2147483647, 0)",
        "(0,)"
      })
  void absurdShapesOfNpyAreRefusedBeforeAnythingIsAllocated(String shape) throws IOException {
    byte[] file = npy("'<f8'", shape, 0);
    for (byte[] form : new byte[][] {file, Gzip.pack(file)}) {
      Path npy = Files.write(directory.resolve("data.npy"), form);
      String sentence = refusal(1 << 22, () -> new NpyFile(npy).all());
      assertTrue(sentence.startsWith(npy.toString()), sentence);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, (1 << 20) + 1, 1 << 20, 200})
  void headersLongerThanTheFileAreRefused(int length) throws IOException {
    byte[] file = npy("'<f8'", "(2, 3)", 48);
    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(8, length);
    Path npy = Files.write(directory.resolve("data.npy"), file);
    refusal(1 << 21, () -> Npy.read(npy));
  }

  @Test
  void aMatrixWithoutRowsIsTransposedAtOnce() {
    assertEquals(Integer.MAX_VALUE, DenseMatrix.zeros(0, Integer.MAX_VALUE).transpose().rows());
  }

  @ParameterizedTest
  @ValueSource(strings = {"U", "W", "X"})
  void aNetworkThatOnlySaysItIsLargeIsRefused(String matrix) throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("networks.json"),
            """
            [{"activation":"tanh","method":"euler","n":1,"d":2147483647,"N":1,"L":4,"T":1,
              "sigmaU":1,"sigmaW":1,"sigmaV":1,"U":[[1]],"W":[[1]],"v":[1],"X":[[1]]}]
            """
                .replace("\"" + matrix + "\":[[1]]", "\"" + matrix + "\":[[1,1]]"));
    assertTrue(refusal(1 << 22, () -> NetworkFile.read(file)).contains("2147483647 numbers"));
  }

  /** Each way of parting the digits in two was tried. */
  @Test
  void aLongCellThatIsNoNumberIsRefusedInTimeInProportion() throws IOException {
    Path file = Files.writeString(directory.resolve("data.csv"), "1\n" + "1".repeat(1 << 20) + "x");
    String sentence =
        assertTimeoutPreemptively(
            Duration.ofSeconds(60),
            () -> assertThrows(DataFormat.class, () -> csv(file).all()).getMessage());
    assertTrue(sentence.length() < 1200, sentence.length() + " characters");
    assertTrue(sentence.endsWith("cells are separated by commas"), sentence);
  }

  @Test
  void aSentenceHoldsNothingThatATerminalObeys() throws IOException {
    Path file = Files.writeString(directory.resolve("data.csv"), "1\n\u001B[2J\u0000\u009B1\n");
    String sentence = assertThrows(DataFormat.class, () -> csv(file).all()).getMessage();
    assertTrue(sentence.chars().noneMatch(Character::isISOControl), sentence);
  }

  @Test
  void theLastDayOfTheCalendarHasNone() throws IOException {
    Files.writeString(
        directory.resolve("DailyDelhiClimateTrain.csv"),
        "date,meantemp,humidity,wind_speed\n+999999999-12-31,1,1,1\n2013-01-01,1,1,1\n");
    String sentence =
        assertThrows(DataFormat.class, () -> new ClimateDirectory(directory, 1).load(1, 0))
            .getMessage();
    assertTrue(sentence.contains("is not the day after"), sentence);
  }

  @Test
  void windowsOfMoreNumbersThanAnArrayHoldsAreRefused() throws IOException {
    StringBuilder rows = new StringBuilder("date,meantemp,humidity,wind_speed\n");
    for (int day = 0; day < 60_000; day++) {
      rows.append(LocalDate.ofEpochDay(day)).append(",1,1,1\n");
    }
    Files.writeString(directory.resolve("DailyDelhiClimateTrain.csv"), rows);
    assertThrows(
        InvalidConfiguration.class, () -> new ClimateDirectory(directory, 30_000).load(30_000, 0));
  }

  @Test
  void pipesAreRefusedAndNotWaitedFor() throws Exception {
    Path pipe = Pipes.make(directory.resolve("data"));
    Pipes.assertRefused(pipe, () -> csv(pipe).all());
    Pipes.assertRefused(pipe, () -> Npy.read(pipe));
    Pipes.assertRefused(pipe, () -> NetworkFile.read(pipe));
    Pipes.make(directory.resolve(IMAGES));
    Pipes.assertRefused(pipe, () -> idx().load(1, 0));
    Pipes.make(directory.resolve("train.csv"));
    Pipes.assertRefused(
        pipe, () -> new AgNewsDirectory(directory, new HashedTfIdf(8, 0)).load(1, 0));
    Path endless = Path.of("/dev/zero");
    Pipes.assertRefused(endless, () -> Npy.read(endless));
  }

  @Test
  void directoriesAndLoopsOfLinksAreNamed() throws IOException {
    Files.createDirectory(directory.resolve(IMAGES));
    assertTrue(refusal(1 << 22, () -> idx().load(1, 0)).endsWith("(it is a directory)"));
    Path loop = directory.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    for (Executable reader :
        new Executable[] {
          () -> csv(loop).all(), () -> Npy.read(loop), () -> NetworkFile.read(loop)
        }) {
      String sentence = refusal(1 << 22, reader);
      assertTrue(sentence.startsWith(loop + ": cannot be read ("), sentence);
    }
  }

  /** Root may open every file, but not read the first byte of this one. */
  @Test
  void aFileThatCannotBeReadIsNamed() {
    Path unreadable = Path.of("/proc/self/mem");
    assertTrue(refusal(1 << 22, () -> Npy.read(unreadable)).startsWith(unreadable + ": cannot be"));
  }

  @Test
  void aLinkToAFileIsRead() throws IOException {
    Path file = Files.writeString(directory.resolve("data.csv"), "1,2\n");
    Path link = Files.createSymbolicLink(directory.resolve("link.csv"), file);
    assertEquals(2, csv(link).all().dimension());
  }

  /** A neighbour cuts the file and makes it whole again, at any moment of a reading. */
  @Test
  void aFileThatChangesWhileItIsReadIsReadWholeOrRefused() throws Exception {
    Path file = directory.resolve("data.npy");
    Npy.write(file, new DenseMatrix(40_000, 1, new double[40_000]), ElementType.FP64);
    byte[] whole = Files.readAllBytes(file);
    AtomicBoolean done = new AtomicBoolean();
    Thread neighbour =
        new Thread(
            () -> {
              try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
                while (!done.get()) {
                  LockSupport.parkNanos(PAUSE_NANOS);
                  out.setLength(whole.length / 2);
                  LockSupport.parkNanos(PAUSE_NANOS);
                  out.seek(whole.length / 2);
                  out.write(whole, whole.length / 2, whole.length - whole.length / 2);
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    neighbour.start();
    int read = 0;
    int refused = 0;
    for (int i = 0; i < Reliability.count(200, 5_000); i++) {
      try {
        assertEquals(40_000, Npy.readFinite(file).rows());
        read++;
      } catch (DataFormat e) {
        refused++;
      }
    }
    done.set(true);
    neighbour.join();
    assertEquals(40_000, Npy.readFinite(file).rows());
    Reliability.figures(
        "a .npy file cut while it is read", read + " read whole, " + refused + " refused");
  }

  private IdxDirectory idx() {
    return new IdxDirectory("mnist", directory, Part.TRAIN);
  }

  private static CsvFile csv(Path file) {
    return new CsvFile(file, Optional.empty());
  }

  /** Version 2.0, whose header's length has four bytes. */
  private static byte[] npy(String type, String shape, int entryBytes) {
    byte[] header =
        String.format("{'descr': %s, 'fortran_order': False, 'shape': %s, }", type, shape)
            .getBytes(StandardCharsets.US_ASCII);
    ByteBuffer file = ByteBuffer.allocate(12 + header.length + entryBytes);
    file.order(ByteOrder.LITTLE_ENDIAN)
        .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0})
        .putInt(header.length)
        .put(header);
    return file.array();
  }
}
