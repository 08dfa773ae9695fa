package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores of the Gram matrix of 45 digits in tiles of 4: 78 tiles, the last ones of one sample. */
class GramStoreCommandTest {

  private static final Object[] NTK = {
    "ntk",
    "--samples",
    45,
    "--width",
    64,
    "--depth",
    2,
    "--precision",
    "fp64",
    "--gram",
    "structured",
    "--backend",
    "cpu-scalar"
  };
  private static final int TILES = 12 * (12 + 1) / 2;
  private static final List<String> SMALL = List.of("-Xmx256m");

  @TempDir private static Path uninterruptedParent;
  private static Path uninterrupted;

  @TempDir private Path directory;

  @BeforeAll
  static void runWithoutInterruption() {
    uninterrupted = uninterruptedParent.resolve("store");
    Invocation.of(into(uninterrupted)).ended(0);
  }

  private static Object[] into(Path store, Object... more) {
    Object[] tiles = {"--store", store, "--tile", 4};
    return Stream.of(NTK, tiles, more).flatMap(Arrays::stream).toArray();
  }

  /** Every file of a store with its bytes. */
  private static Map<String, byte[]> files(Path store) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(store)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        files.put(store.relativize(path).toString(), Files.readAllBytes(path));
      }
    }
    return files;
  }

  private static void assertWhole(Path store) throws IOException {
    Map<String, byte[]> expected = files(uninterrupted);
    Map<String, byte[]> actual = files(store);
    actual.keySet().removeIf(name -> name.endsWith(".tmp"));
    assertEquals(expected.keySet(), actual.keySet());
    for (Map.Entry<String, byte[]> file : expected.entrySet()) {
      assertArrayEquals(file.getValue(), actual.get(file.getKey()), file.getKey());
    }
    assertEquals(TILES + 1, actual.size());
    assertEquals(
        TILES,
        Invocation.of("gram", "verify", store, "--json").ended(0).json().get("sound").asInt());
  }

  private Path copy(String name) throws IOException {
    Path copy = directory.resolve(name);
    for (Map.Entry<String, byte[]> file : files(uninterrupted).entrySet()) {
      Path path = copy.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
    return copy;
  }

  /** One tile as large as the matrix is computed as the matrix in memory is. */
  @Test
  void storeOfOneTileIsTheMatrixInMemory() {
    Path memory = directory.resolve("memory.npy");
    Path exported = directory.resolve("exported.npy");
    Path store = directory.resolve("store");
    Object[] ntk = {"ntk", "--samples", 9, "--width", 24, "--outputs", 3, "--precision", "fp64"};
    Invocation.of(Stream.concat(Stream.of(ntk), Stream.of("--out", memory)).toArray()).ended(0);
    Invocation.of(Stream.concat(Stream.of(ntk), Stream.of("--store", store)).toArray()).ended(0);
    Invocation.of("gram", "export", store, "--out", exported).ended(0);
    DenseMatrix expected = Npy.readFinite(memory);
    assertEquals(27, expected.rows());
    assertArrayEquals(expected.values(), Npy.readFinite(exported).values());
  }

  /**
   * In FP32 entries are rounded once, by 2⁻²⁴ relatively; and tiles differ from one block by the
   * rounding of sums of nQ² products, at most Q times the diagonal's largest (see {@code
   * EmpiricalNtkTest}).
   */
  @Test
  void manyTilesAreTheMatrixToRounding() {
    Path memory = directory.resolve("memory.npy");
    Path exported = directory.resolve("exported.npy");
    Invocation.of(Stream.concat(Stream.of(NTK), Stream.of("--out", memory)).toArray()).ended(0);
    Invocation.of("gram", "export", uninterrupted, "--out", exported, "--precision", "fp32")
        .ended(0);
    DenseMatrix expected = Npy.readFinite(memory);
    DenseMatrix actual = Npy.readFinite(exported);
    double q = 8;
    double greatest = Arrays.stream(expected.values()).max().orElseThrow();
    for (int k = 0; k < expected.values().length; k++) {
      double bound = 2 * (64 * q * q) * q * greatest * 0x1p-53;
      assertEquals(
          expected.values()[k],
          actual.values()[k],
          bound + 0x1p-24 * Math.abs(expected.values()[k]));
    }
  }

  @Test
  void whatWasRemovedIsComputedAgainAndNothingElse() throws IOException {
    Path store = copy("store");
    Random random = new Random(5);
    Map<String, byte[]> tiles = files(store);
    tiles.remove("store.json");
    int removed = 0;
    for (String tile : tiles.keySet()) {
      if (random.nextInt(3) == 0) {
        Files.delete(store.resolve(tile));
        removed++;
      }
    }
    assertTrue(removed > 10 && removed < 50);
    JsonNode info = Invocation.of("gram", "info", store, "--json").ended(0).json();
    assertEquals(removed, info.get("missing").asInt());
    Invocation refused =
        Invocation.of("gram", "export", store, "--out", directory.resolve("K.npy")).ended(11);
    assertTrue(refused.err().contains(removed + " of its 78 tiles are missing"), refused.err());
    // The tile and the strategy are those of the store.
    JsonNode resumed =
        Invocation.of(
                Stream.of(NTK, new Object[] {"--store", store, "--json"})
                    .flatMap(Arrays::stream)
                    .toArray())
            .ended(0)
            .json();
    assertEquals(removed, resumed.get("computed").asInt());
    assertEquals(0, resumed.get("missing").asInt());
    assertWhole(store);
  }

  @Test
  void damagedTilesAreNamedRemovedAndComputedAgain() throws IOException {
    Path store = copy("store");
    Path flipped = store.resolve("tiles/00005/00003.tile");
    Path cut = store.resolve("tiles/00007/00000.tile");
    byte[] bytes = Files.readAllBytes(flipped);
    bytes[90] ^= 4;
    Files.write(flipped, bytes);
    Files.write(cut, new byte[0]);
    Invocation verified = Invocation.of("gram", "verify", store).ended(3);
    assertTrue(verified.out().contains(flipped + ": is damaged: its checksum"), verified.out());
    assertTrue(verified.out().contains(cut + ": is damaged: it ends"), verified.out());
    Invocation export =
        Invocation.of("gram", "export", store, "--out", directory.resolve("K.npy")).ended(3);
    assertEquals(1, export.err().lines().count(), export.err());
    assertFalse(Files.exists(directory.resolve("K.npy")));
    // Without reading entries, the one that is cut shows.
    Invocation resumed = Invocation.of(into(store, "--json", "-q")).ended(0);
    assertEquals(1, resumed.json().get("computed").asInt());
    assertTrue(resumed.err().startsWith("warning: " + cut + ": is damaged"), resumed.err());
    assertEquals(1, resumed.err().lines().count(), resumed.err());
    JsonNode deleted = Invocation.of("gram", "verify", store, "--delete", "--json").ended(0).json();
    assertEquals(1, deleted.get("deleted").asInt());
    assertEquals(5, deleted.get("damaged").get(0).get("row").asInt());
    assertEquals(1, Invocation.of(into(store, "--json")).ended(0).json().get("computed").asInt());
    assertWhole(store);
  }

  @Test
  void interruptedItSaysThatTheSameCommandGoesOn() throws Exception {
    Path store = directory.resolve("store");
    List<String> said =
        Invocation.interrupted(
            directory,
            SMALL,
            () -> Files.exists(store.resolve("tiles/00000/00000.tile")),
            "ntk",
            "--samples",
            300,
            "--width",
            256,
            "--store",
            store,
            "--tile",
            4);
    assertTrue(
        said.contains("stopped; what is finished is kept; the same command goes on"),
        said.toString());
  }

  @Test
  void shardsTogetherAreTheStore() throws IOException {
    Path store = directory.resolve("store");
    int computed = 0;
    for (String shard : List.of("2/3", "1/3", "3/3")) {
      JsonNode part = Invocation.of(into(store, "--shard", shard, "--json")).ended(0).json();
      assertEquals(26, part.get("computed").asInt());
      computed += part.get("computed").asInt();
      assertEquals(TILES - computed, part.get("missing").asInt());
    }
    JsonNode info = Invocation.of("gram", "info", store, "--shards", 3, "--json").ended(0).json();
    for (JsonNode shard : info.get("shards")) {
      assertEquals(0, shard.get("missing").asInt());
    }
    assertWhole(store);
  }

  @Test
  void storeOfOtherOptionsIsRefusedByName() throws IOException {
    Path store = copy("store");
    Map<String, String> differences = new TreeMap<>();
    differences.put("--seed 5", "its seed is 0, not 5");
    differences.put("--data-seed 5", "its dataSeed is 0, not 5");
    differences.put("--sigma-w 0.5", "its sigmaW is 1.0, not 0.5");
    differences.put("--horizon 2", "its horizon is 1.0, not 2.0");
    differences.put("--activation relu", "its activation is softplus, not relu");
    differences.put("--normalise unit", "its normalise is sphere, not unit");
    differences.put("--solver euler", "its gradient is discrete:rk4/2, not discrete:euler/2");
    differences.put("--time-nodes 4", "its timeNodes is all, not 4");
    differences.put("--outputs 2", "its order is 45, not 90");
    differences.put("--tile 5", "its tile is 4, not 5");
    differences.put("--store-precision fp32", "its elementType is FP64, not FP32");
    for (Map.Entry<String, String> difference : differences.entrySet()) {
      List<Object> words = new ArrayList<>(List.of(NTK));
      words.addAll(List.of("--store", store));
      words.addAll(Arrays.asList((Object[]) difference.getKey().split(" ", -1)));
      if (words.contains("--time-nodes")) {
        words.set(words.indexOf("structured"), "compressed");
      }
      Invocation refused = Invocation.of(words.toArray()).ended(11);
      assertTrue(refused.err().contains(difference.getValue()), refused.err());
    }
    assertWhole(store);
  }

  @Test
  void planWritesNothing() throws IOException {
    Path store = directory.resolve("store");
    JsonNode plan =
        Invocation.of(into(store, "--shard", "1/2", "--plan", "--json")).ended(0).json();
    assertEquals(TILES, plan.get("tiles").asInt());
    assertEquals(39, plan.get("shardTiles").asInt());
    assertTrue(plan.get("planBytes").asLong() > 0 && plan.get("flops").asDouble() > 0);
    long bytes = 0;
    for (Map.Entry<String, byte[]> file : files(uninterrupted).entrySet()) {
      bytes += file.getKey().equals("store.json") ? 0 : file.getValue().length;
    }
    assertEquals(bytes, plan.get("storeBytes").asLong());
    assertFalse(Files.exists(store));
  }

  /** Nothing is begun where the disk has no room: of a million samples it is four terabytes. */
  @Test
  void whatTheDiskHasNoRoomForIsNotBegun() throws IOException {
    Path store = directory.resolve("store");
    long free = Files.getFileStore(directory).getUsableSpace();
    assumeTrue(free < 4L << 40, "the disk has room for four terabytes");
    Object[] million = {
      "ntk",
      "--data",
      "synthetic:d=1",
      "--samples",
      1_000_000,
      "--width",
      4,
      "--depth",
      1,
      "--store",
      store,
      "--tile",
      1000,
      "-q"
    };
    Invocation refused = Invocation.of(million).ended(11);
    assertTrue(refused.err().contains("bytes are needed for what is missing"), refused.err());
    assertFalse(Files.exists(store));
    Invocation.of(with(million, "--shard", "500500/500500")).ended(0);
    assertEquals(
        List.of("store.json", "tiles/00999/00999.tile"), List.copyOf(files(store).keySet()));
    JsonNode info = Invocation.of("gram", "info", store, "--json").ended(0).json();
    assertEquals(500_499, info.get("missing").asInt());
    assertEquals(1_000_000, info.get("order").asInt());
  }

  @Test
  void fp32TellsItsDifferenceFromFp64() {
    Object[] ntk = {
      "ntk",
      "--samples",
      20,
      "--width",
      64,
      "--store",
      directory.resolve("s"),
      "--tile",
      9,
      "--json"
    };
    JsonNode json = Invocation.of(ntk).ended(0).json();
    double difference = json.get("differenceFromFp64").asDouble();
    assertTrue(difference > 1e-9 && difference < 1e-5, json.toString());
  }

  /** On the same tiles, and each on its own. */
  @Test
  void twoProcessesAtOnceMakeOneStore() throws Exception {
    for (boolean shards : new boolean[] {false, true}) {
      Path store = directory.resolve("store" + shards);
      List<Process> processes = new ArrayList<>();
      for (int number = 1; number <= 2; number++) {
        Object[] part = shards ? new Object[] {"--shard", number + "/2"} : new Object[0];
        processes.add(
            Invocation.start(
                SMALL,
                directory.resolve("out" + number),
                directory.resolve("err" + number),
                into(store, part)));
      }
      for (int number = 1; number <= 2; number++) {
        Process process = processes.get(number - 1);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), Files.readString(directory.resolve("err" + number)));
      }
      assertWhole(store);
      assertTrue(files(store).keySet().stream().noneMatch(name -> name.endsWith(".tmp")));
    }
  }

  /** No file may have more than a kibibyte: to a process that writes, a disk that is full. */
  @Test
  void diskThatIsFullEndsItWithOneSentenceAndLosesNothing() throws Exception {
    Path shell = Path.of("/bin/bash");
    assumeTrue(Files.isExecutable(shell), "there is no " + shell);
    Path store = directory.resolve("store");
    Object[] larger = {"--store", store, "--tile", 20};
    Object[] ntk = Stream.of(NTK, larger).flatMap(Arrays::stream).toArray();
    Invocation.of(ntk).ended(0);
    Files.delete(store.resolve("tiles/00001/00000.tile"));
    Map<String, byte[]> before = files(store);
    List<String> command =
        new ArrayList<>(List.of(shell.toString(), "-c", "ulimit -f 1; exec \"$@\"", "limited"));
    command.addAll(Invocation.commandLine(List.of("-Xmx256m", "-XX:-UsePerfData"), ntk));
    command.add("-q");
    Invocation full = Invocation.ended(directory, command).ended(11);
    assertEquals(1, full.err().lines().count(), full.err());
    assertTrue(full.err().contains("00000.tile: cannot be written ("), full.err());
    assertEquals(before.keySet(), files(store).keySet());
    assertEquals(1, Invocation.of(with(ntk, "--json")).ended(0).json().get("computed").asInt());
    Invocation.of("gram", "verify", store).ended(0);
  }

  private static Object[] with(Object[] words, Object... more) {
    return Stream.concat(Stream.of(words), Stream.of(more)).toArray();
  }
}
