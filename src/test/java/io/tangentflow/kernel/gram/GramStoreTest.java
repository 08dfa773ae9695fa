package io.tangentflow.kernel.gram;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Philox;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GramStoreTest {

  @TempDir private Path directory;

  private static StoreDescription description(int order, int tile, ElementType type) {
    return StoreDescription.of(new TileGrid(order, tile), 1, type, Map.of("seed", "3"));
  }

  /** Symmetric, of normal entries. */
  private static DenseMatrix symmetric(int order) {
    DenseMatrix matrix = DenseMatrix.zeros(order, order);
    double[] values = matrix.values();
    Philox.gaussian(5, 0, 0, values.length, (i, z) -> values[i] = z);
    for (int j = 0; j < order; j++) {
      for (int i = 0; i < j; i++) {
        matrix.set(i, j, matrix.get(j, i));
      }
    }
    return matrix;
  }

  private static DenseMatrix part(DenseMatrix matrix, TileGrid grid, int row, int column) {
    DenseMatrix tile = DenseMatrix.zeros(grid.extent(row), grid.extent(column));
    for (int j = 0; j < tile.columns(); j++) {
      for (int i = 0; i < tile.rows(); i++) {
        tile.set(i, j, matrix.get(grid.start(row) + i, grid.start(column) + j));
      }
    }
    return tile;
  }

  private GramStore filled(String name, DenseMatrix matrix, int tile, ElementType type) {
    GramStore store =
        GramStore.openOrCreate(directory.resolve(name), description(matrix.rows(), tile, type));
    TileGrid grid = store.grid();
    for (int row = 0; row < grid.blocks(); row++) {
      for (int column = 0; column <= row; column++) {
        store.put(row, column, part(matrix, grid, row, column), 0);
      }
    }
    return store;
  }

  private static DenseMatrix rounded(DenseMatrix matrix, ElementType type) {
    return new DenseMatrix(
        matrix.rows(),
        matrix.columns(),
        Arrays.stream(matrix.values())
            .map(v -> type == ElementType.FP32 ? (float) v : v)
            .toArray());
  }

  /** Each of several threads at the same new directory has the store, whoever begins it. */
  @Test
  void processesThatBeginTogetherAllHaveTheStore() throws Exception {
    StoreDescription description = description(4, 2, ElementType.FP64);
    int threads = 8;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      for (int round = 0; round < 150; round++) {
        Path path = directory.resolve("store" + round);
        CyclicBarrier together = new CyclicBarrier(threads);
        List<Callable<GramStore>> calls =
            Collections.nCopies(
                threads,
                () -> {
                  together.await();
                  return GramStore.openOrCreate(path, description);
                });
        for (Future<GramStore> store : pool.invokeAll(calls)) {
          assertEquals(4, store.get().description().order());
        }
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** Also a last row and column of tiles that is left over, or a single tile. */
  @ParameterizedTest
  @EnumSource(ElementType.class)
  void whatIsReadIsWhatWasPutRoundedOnce(ElementType type) {
    DenseMatrix matrix = symmetric(23);
    DenseMatrix expected = rounded(matrix, type);
    for (int size : new int[] {1, 5, 23, 40}) {
      GramStore store = filled("store" + size, matrix, size, type);
      GramStore again = GramStore.open(store.path());
      TileGrid grid = again.grid();
      for (int row = 0; row < grid.blocks(); row++) {
        for (int column = 0; column < grid.blocks(); column++) {
          assertArrayEquals(
              part(expected, grid, row, column).values(), again.tile(row, column).values());
        }
      }
      StoredMatrix whole = new StoredMatrix(again);
      assertEquals(23, whole.order());
      assertArrayEquals(expected.values(), whole.toDense().values());
    }
  }

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void exportIsTheMatrix(ElementType type) {
    DenseMatrix matrix = symmetric(23);
    StoredMatrix stored = new StoredMatrix(filled("store", matrix, 7, ElementType.FP64));
    Path file = directory.resolve("K.npy");
    int[] tiles = {0};
    stored.export(file, type, done -> assertEquals(++tiles[0], done));
    assertEquals(10, tiles[0]);
    assertArrayEquals(rounded(matrix, type).values(), Npy.readFinite(file).values());
  }

  /** Float.MAX_VALUE and what rounds to it can be kept; the next number would be infinite. */
  @Test
  void entriesBeyondFp32AreNotMadeInfinite() {
    double most = Math.nextDown(0x1.ffffffp127);
    for (double held : new double[] {most, -most}) {
      DenseMatrix one = new DenseMatrix(1, 1, new double[] {held});
      GramStore store = filled("held" + held, one, 1, ElementType.FP32);
      assertEquals((double) Float.MAX_VALUE, Math.abs(store.tile(0, 0).get(0, 0)));
    }
    for (double beyond : new double[] {0x1.ffffffp127, -1e39}) {
      DenseMatrix one = new DenseMatrix(1, 1, new double[] {beyond});
      assertThrows(
          InvalidConfiguration.class, () -> filled("narrow" + beyond, one, 1, ElementType.FP32));
      StoredMatrix wide = new StoredMatrix(filled("wide" + beyond, one, 1, ElementType.FP64));
      Path out = directory.resolve("K.npy");
      assertThrows(
          InvalidConfiguration.class, () -> wide.export(out, ElementType.FP32, done -> {}));
      assertFalse(Files.exists(out));
    }
  }

  /**
   * A sum of n products errs by at most nu Σ|K_ij||x_j|, in any order, to first order in u (Higham
   * 2002, §3.1); two such sums differ by at most twice that.
   */
  @Test
  void productIsThatOfTheDenseMatrix() {
    DenseMatrix matrix = symmetric(53);
    StoredMatrix stored = new StoredMatrix(filled("store", matrix, 9, ElementType.FP64));
    int vectors = 3;
    double[] x = new double[53 * vectors];
    Philox.gaussian(6, 0, 0, x.length, (i, z) -> x[i] = z);
    double[] y = new double[x.length];
    Arrays.fill(y, Double.NaN);
    stored.multiply(x, vectors, y);
    for (int v = 0; v < vectors; v++) {
      for (int i = 0; i < 53; i++) {
        double sum = 0;
        double magnitude = 0;
        for (int j = 0; j < 53; j++) {
          double term = matrix.get(i, j) * x[v * 53 + j];
          sum += term;
          magnitude += Math.abs(term);
        }
        assertEquals(sum, y[v * 53 + i], 2 * 54 * 0x1p-53 * magnitude);
        assertTrue(magnitude > 1);
      }
      double[] alone = new double[53];
      stored.multiply(Arrays.copyOfRange(x, v * 53, (v + 1) * 53), 1, alone);
      assertArrayEquals(Arrays.copyOfRange(y, v * 53, (v + 1) * 53), alone);
    }
  }

  /** A sum of 53² squares in another order, each of two roundings. */
  @Test
  void normIsThatOfTheDenseMatrix() {
    DenseMatrix matrix = symmetric(53);
    StoredMatrix stored = new StoredMatrix(filled("store", matrix, 9, ElementType.FP64));
    AtomicInteger read = new AtomicInteger();
    double norm = stored.norm(tiles -> read.incrementAndGet());
    assertEquals(matrix.norm(), norm, 53 * 53 * 0x1p-53 * matrix.norm());
    assertEquals(21, read.get());
    matrix.set(50, 3, Double.NaN);
    matrix.set(3, 50, Double.NaN);
    StoredMatrix broken = new StoredMatrix(filled("broken", matrix, 9, ElementType.FP64));
    DataFormat refusal = assertThrows(DataFormat.class, () -> broken.norm(tiles -> {}));
    assertTrue(refusal.getMessage().contains("00000.tile: holds numbers"), refusal.getMessage());
  }

  /** One bit in each byte, so header, entries and checksum. */
  @Test
  void flippedBitIsFoundWhereverItIs() throws IOException {
    Random random = new Random(1);
    GramStore store = filled("store", symmetric(11), 4, ElementType.FP32);
    Path file = store.file(2, 1);
    byte[] whole = Files.readAllBytes(file);
    assertEquals(56 + 3 * 4 * 4 + 4, whole.length);
    for (int at = 0; at < whole.length; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, flipped);
      DataFormat failure = assertThrows(DataFormat.class, () -> store.tile(2, 1), "byte " + at);
      assertTrue(failure.getMessage().startsWith(file + ": "), failure.getMessage());
      assertTrue(failure.getMessage().contains("gram verify --delete"), failure.getMessage());
      assertTrue(store.damage(2, 1).isPresent());
      assertThrows(DataFormat.class, () -> new StoredMatrix(store).toDense());
      assertThrows(
          DataFormat.class,
          () -> new StoredMatrix(store).multiply(new double[11], 1, new double[11]));
      Path out = directory.resolve("K.npy");
      StoredMatrix matrix = new StoredMatrix(store);
      assertThrows(DataFormat.class, () -> matrix.export(out, ElementType.FP64, done -> {}));
      assertFalse(Files.exists(out));
    }
    Files.write(file, whole);
    assertTrue(store.damage(2, 1).isEmpty());
  }

  @Test
  void fileOfAnotherLengthIsNotATile() throws IOException {
    GramStore store = filled("store", symmetric(70), 40, ElementType.FP64);
    Path file = store.file(0, 0);
    byte[] whole = Files.readAllBytes(file);
    int[] cuts =
        IntStream.concat(
                IntStream.rangeClosed(0, 60),
                IntStream.iterate(4096, cut -> cut < whole.length, cut -> cut + 4096))
            .toArray();
    assertTrue(cuts.length > 62);
    for (int length : cuts) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThrows(DataFormat.class, () -> store.tile(0, 0), "cut at " + length);
      assertTrue(store.visibleDamage(0, 0).isPresent(), "cut at " + length);
    }
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    assertTrue(store.visibleDamage(0, 0).isPresent());
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    assertTrue(store.visibleDamage(0, 0).isPresent());
    Files.write(file, whole);
    assertTrue(store.visibleDamage(0, 0).isEmpty());
  }

  /** Each of them is sound in itself. */
  @Test
  void tileInTheWrongPlaceIsNotedThough() throws IOException {
    DenseMatrix matrix = symmetric(12);
    GramStore store = filled("store", matrix, 4, ElementType.FP64);
    Files.copy(store.file(1, 0), store.file(2, 1), StandardCopyOption.REPLACE_EXISTING);
    assertTrue(store.damage(2, 1).orElseThrow().contains("row among tiles: 1"));
    GramStore other =
        GramStore.openOrCreate(
            directory.resolve("other"),
            StoreDescription.of(store.grid(), 1, ElementType.FP64, Map.of("seed", "4")));
    other.put(0, 0, part(matrix, store.grid(), 0, 0), 0);
    Files.copy(other.file(0, 0), store.file(0, 0), StandardCopyOption.REPLACE_EXISTING);
    assertEquals("is a tile of another store", store.damage(0, 0).orElseThrow());
    assertEquals("is a tile of another store", store.visibleDamage(0, 0).orElseThrow());
  }

  /** With a checksum that fits, as another program would write it. */
  @Test
  void tileOfAnotherVersionIsRefusedByName() throws IOException {
    GramStore store = filled("store", symmetric(4), 4, ElementType.FP64);
    Path file = store.file(0, 0);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(8, 2);
    CRC32C checksum = new CRC32C();
    checksum.update(bytes.array(), 0, bytes.capacity() - 4);
    bytes.putInt(bytes.capacity() - 4, (int) checksum.getValue());
    Files.write(file, bytes.array());
    assertEquals(
        "its version of the format: 2, where the store has 1", store.damage(0, 0).orElseThrow());
  }

  /** The format as docs/file-formats.md has it, read without the code that writes it. */
  @Test
  void filesAreAsDocumented() throws IOException {
    DenseMatrix matrix = symmetric(5);
    GramStore store =
        GramStore.openOrCreate(directory.resolve("s"), description(5, 3, ElementType.FP64));
    store.put(1, 0, part(matrix, store.grid(), 1, 0), 0.25);
    Path file = directory.resolve("s/tiles/00001/00000.tile");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(0x0A454C4954465489L, bytes.getLong());
    for (int field : new int[] {1, 8, 1, 0, 2, 3}) {
      assertEquals(field, bytes.getInt());
    }
    bytes.getLong();
    assertEquals(0.25, bytes.getDouble());
    assertEquals(2 * 3 * 8, bytes.getLong());
    for (int j = 0; j < 3; j++) {
      for (int i = 0; i < 2; i++) {
        assertEquals(matrix.get(3 + i, j), bytes.getDouble());
      }
    }
    CRC32C checksum = new CRC32C();
    checksum.update(bytes.array(), 0, bytes.position());
    assertEquals((int) checksum.getValue(), bytes.getInt());
    assertFalse(bytes.hasRemaining());
  }

  @Test
  void whatIsMissingIsCounted() {
    DenseMatrix matrix = symmetric(12);
    GramStore store = filled("store", matrix, 4, ElementType.FP64);
    store.delete(2, 0);
    store.delete(1, 1);
    assertEquals(4, store.present().cardinality());
    assertFalse(store.present().get(store.grid().index(2, 0)));
    String all = assertThrows(RunDirectoryConflict.class, store::requireComplete).getMessage();
    assertTrue(all.contains("2 of its 6 tiles are missing"), all);
    String one = assertThrows(RunDirectoryConflict.class, () -> store.tile(0, 2)).getMessage();
    assertTrue(one.contains("lacks its tile (2, 0)"), one);
    assertThrows(RunDirectoryConflict.class, () -> new StoredMatrix(store));
    store.put(2, 0, part(matrix, store.grid(), 2, 0), 0);
    store.put(1, 1, part(matrix, store.grid(), 1, 1), 0);
    assertArrayEquals(matrix.values(), new StoredMatrix(store).toDense().values());
  }

  @Test
  void errorsOfRowsAddUpOverTheDiagonal() {
    GramStore store =
        GramStore.openOrCreate(directory.resolve("s"), description(3, 1, ElementType.FP32));
    for (int row = 0; row < 3; row++) {
      store.put(row, row, DenseMatrix.zeros(1, 1), new double[] {2, 3, 6}[row]);
    }
    assertEquals(7, store.gradientError(), 1e-15 * 7);
    store.delete(1, 1);
    assertThrows(RunDirectoryConflict.class, store::gradientError);
  }

  @Test
  void everyFieldOfTheDescriptionIsHeldAgainstTheStore() {
    Map<String, String> kernel = new LinkedHashMap<>();
    kernel.put("width", "64");
    kernel.put("seed", "0");
    kernel.put("inputs", "ab");
    StoreDescription begun = StoreDescription.of(new TileGrid(12, 4), 2, ElementType.FP64, kernel);
    Path path = directory.resolve("store");
    GramStore.openOrCreate(path, begun);
    GramStore.openOrCreate(path, begun);
    Map<String, StoreDescription> others = new TreeMap<>();
    for (String field : kernel.keySet()) {
      Map<String, String> other = new LinkedHashMap<>(kernel);
      other.put(field, "other");
      other.put("inputs", "follow from it");
      others.put(field, StoreDescription.of(new TileGrid(12, 4), 2, ElementType.FP64, other));
    }
    Map<String, String> more = new LinkedHashMap<>(kernel);
    more.put("rng", "philox");
    others.put("rng is none", StoreDescription.of(begun.grid(), 2, ElementType.FP64, more));
    others.put("order", StoreDescription.of(new TileGrid(14, 4), 2, ElementType.FP64, kernel));
    others.put("outputs", StoreDescription.of(begun.grid(), 1, ElementType.FP64, kernel));
    others.put("tile", StoreDescription.of(new TileGrid(12, 6), 2, ElementType.FP64, kernel));
    others.put("elementType", StoreDescription.of(begun.grid(), 2, ElementType.FP32, kernel));
    others.forEach(
        (field, other) -> {
          String message =
              assertThrows(RunDirectoryConflict.class, () -> GramStore.openOrCreate(path, other))
                  .getMessage();
          assertTrue(message.contains("holds another Gram matrix: its " + field), message);
        });
    assertEquals(8, others.size());
    assertEquals(begun, GramStore.open(path).description());
  }

  @Test
  void directoriesOfOtherThingsAreLeftAlone() throws IOException {
    StoreDescription description = description(4, 2, ElementType.FP64);
    Path full = Files.createDirectory(directory.resolve("full"));
    Files.writeString(full.resolve("thesis.tex"), "mine");
    Path file = Files.writeString(directory.resolve("file"), "mine");
    for (Path path : List.of(full, file)) {
      assertThrows(RunDirectoryConflict.class, () -> GramStore.openOrCreate(path, description));
      assertThrows(RunDirectoryConflict.class, () -> GramStore.open(path));
    }
    assertThrows(RunDirectoryConflict.class, () -> GramStore.open(directory.resolve("none")));
    try (Stream<Path> entries = Files.list(full)) {
      assertEquals(List.of(full.resolve("thesis.tex")), entries.toList());
    }
    assertEquals("mine", Files.readString(file));
  }

  @Test
  void damagedOrForeignHeadersAreNamed() throws IOException {
    Path path = directory.resolve("store");
    GramStore.openOrCreate(path, description(4, 2, ElementType.FP64));
    Path header = path.resolve("store.json");
    String sound = Files.readString(header);
    for (String text :
        List.of(
            "",
            "{",
            "[]",
            "{}",
            sound.replace("\"version\" : 1", "\"version\" : 2"),
            sound.replace("gram store", "sweep"),
            sound.replace("\"order\" : 4", "\"order\" : 0"),
            sound.replace("\"order\" : 4,", ""),
            sound.replace("\"order\" : 4", "\"order\" : 2000000000"),
            sound.replace("FP64", "FP16"),
            sound.substring(0, sound.length() / 2))) {
      Files.writeString(header, text);
      DataFormat failure = assertThrows(DataFormat.class, () -> GramStore.open(path), text);
      assertTrue(failure.getMessage().startsWith(header + ": "), failure.getMessage());
      assertEquals(1, failure.getMessage().lines().count(), failure.getMessage());
    }
  }

  /** Of a store that was begun at the same time with two seeds, one is refused. */
  @Test
  void ofThoseWhoBeginAStoreAtOnceOneDoes() {
    for (int trial = 0; trial < 20; trial++) {
      Path path = directory.resolve("store" + trial);
      List<String> begun =
          IntStream.range(0, 8)
              .parallel()
              .mapToObj(
                  seed -> {
                    try {
                      return GramStore.openOrCreate(
                              path,
                              StoreDescription.of(
                                  new TileGrid(4, 2),
                                  1,
                                  ElementType.FP64,
                                  Map.of("seed", "" + seed)))
                          .description()
                          .kernel()
                          .get("seed");
                    } catch (RunDirectoryConflict e) {
                      return "refused";
                    }
                  })
              .filter(seed -> !seed.equals("refused"))
              .toList();
      assertEquals(List.of(GramStore.open(path).description().kernel().get("seed")), begun);
    }
  }

  @Test
  void whatAKilledProcessLeavesIsNoTileAndGoesWithTime() throws IOException {
    GramStore store = filled("store", symmetric(12), 4, ElementType.FP64);
    String uuid = "123e4567-e89b-12d3-a456-426614174000";
    Path old = store.path().resolve("tiles/00001/.00000.tile." + uuid + ".tmp");
    Path young = store.path().resolve("tiles/00002/.00000.tile." + uuid + ".tmp");
    Files.writeString(old, "half a tile");
    Files.writeString(young, "half a tile");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofMinutes(61))));
    assertEquals(6, store.present().cardinality());
    store.requireComplete();
    store.removeAbandoned(Duration.ofHours(1));
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(young));
    assertEquals(6, store.present().cardinality());
    Path begun = Files.createDirectory(directory.resolve("begun"));
    Files.writeString(begun.resolve(".store.json." + uuid + ".tmp"), "{");
    GramStore.openOrCreate(begun, description(4, 2, ElementType.FP64));
  }
}
