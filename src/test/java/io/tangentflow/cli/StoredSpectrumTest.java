package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.kernel.gram.TileGrid;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Eigenvalues of a kernel in tiles against LAPACK's of the same kernel in memory. */
class StoredSpectrumTest {

  private static final int SAMPLES = 30;

  /** The entries of tiles differ from those of one block by the rounding of their sums alone. */
  private static final double TILING = 1e-12;

  @TempDir private Path directory;

  private Object[] ntk(Object... more) {
    Object[] words = {"ntk", "--samples", SAMPLES, "--width", 48, "--depth", 4, "--precision"};
    return Stream.of(words, new Object[] {"fp64", "--gram", "structured"}, more)
        .flatMap(Stream::of)
        .toArray();
  }

  private Path store(String type) {
    Path store = directory.resolve(type);
    Invocation.of(ntk("--store", store, "--tile", 7, "--store-precision", type)).ended(0);
    return store;
  }

  private DenseMatrix inMemory() {
    Path file = directory.resolve("memory.npy");
    Invocation.of(ntk("--out", file)).ended(0);
    return Npy.readFinite(file);
  }

  private static JsonNode spectrum(Object... words) {
    return Invocation.of(
            Stream.concat(Stream.of("spectrum", "--json", "-q"), Stream.of(words)).toArray())
        .ended(0)
        .json();
  }

  @Test
  void extremesFromTheTilesAreThoseOfTheMatrixWithinTheirBounds() {
    DenseMatrix matrix = inMemory();
    double[] exact = Spectrum.eigenvalues(matrix);
    double solver = Spectrum.least(matrix).errorBound();
    for (String type : List.of("fp64", "fp32")) {
      Path out = directory.resolve("extremes.npy");
      JsonNode found = spectrum(store(type), "--extreme", 2, "--out", out);
      assertTrue(found.get("converged").asBoolean(), found.toString());
      assertEquals(SAMPLES, found.get("order").asInt());
      assertEquals(matrix.norm(), found.get("norm").asDouble(), 1e-6 * matrix.norm());
      double storage = found.get("storageError").asDouble();
      assertEquals(
          type.equals("fp64") ? 0 : 0x1p-24 * matrix.norm(),
          storage,
          1e-6 * 0x1p-24 * matrix.norm());
      double[] expected = {exact[0], exact[1], exact[SAMPLES - 2], exact[SAMPLES - 1]};
      DenseMatrix written = Npy.readFinite(out);
      for (int i = 0; i < 4; i++) {
        JsonNode value = found.get(i < 2 ? "least" : "greatest").get(i % 2);
        double bound = value.get("bound").asDouble();
        assertTrue(bound < 1e-8 * matrix.norm(), value.toString());
        assertEquals(
            expected[i],
            value.get("value").asDouble(),
            bound + storage + solver + TILING * matrix.norm());
        assertEquals(value.get("value").asDouble(), written.get(i, 0));
      }
    }
  }

  @Test
  void allEigenvaluesOfAStoreAreThoseOfItsExport() throws Exception {
    Path store = store("fp32");
    Path exported = directory.resolve("exported.npy");
    Invocation.of("gram", "export", store, "--out", exported).ended(0);
    Path all = directory.resolve("all.npy");
    Path plot = directory.resolve("decay.svg");
    JsonNode ofStore = spectrum(store, "--out", all, "--decay-out", plot);
    JsonNode ofFile = spectrum(exported);
    assertTrue(Files.readString(plot).contains("<svg"));
    assertEquals(ofFile.get("leastEigenvalue"), ofStore.get("leastEigenvalue"));
    assertEquals(ofFile.get("greatestEigenvalue"), ofStore.get("greatestEigenvalue"));
    assertArrayEquals(Spectrum.eigenvalues(Npy.readFinite(exported)), Npy.readFinite(all).values());
    assertTrue(ofStore.get("storageError").asDouble() > 0);
    String text = Invocation.of("spectrum", store, "-q").ended(0).out();
    assertTrue(text.contains("Error bound of entries in fp32"), text);
    assertFalse(text.contains("nodes in time"), text);
  }

  /** Heap for the tiles and not for the matrix: 16 bytes times 3,000² are 144 MB. */
  @Test
  void aStoreThatDoesNotFitIntoMemoryGivesItsEndsAndSaysSo() throws Exception {
    int n = 3000;
    Path path = directory.resolve("wide");
    TileGrid grid = new TileGrid(n, 300);
    GramStore store =
        GramStore.openOrCreate(path, StoreDescription.of(grid, 1, ElementType.FP32, Map.of()));
    // Equicorrelated: 1 + (n − 1)/2 once, and 1/2 otherwise.
    for (int i = 0; i < grid.count(); i++) {
      int row = grid.row(i);
      int column = grid.column(i);
      DenseMatrix tile = DenseMatrix.zeros(grid.extent(row), grid.extent(column));
      for (int k = 0; k < tile.values().length; k++) {
        tile.values()[k] = row == column && k % (tile.rows() + 1) == 0 ? 1 : 0.5;
      }
      store.put(row, column, tile, 0);
    }
    List<String> heap = List.of("-Xmx100m");
    Invocation ends = Invocation.child(directory, heap, "spectrum", path, "--json").ended(0);
    assertTrue(ends.err().contains("does not fit into memory"), ends.err());
    JsonNode greatest = ends.json().get("greatest").get(0);
    JsonNode least = ends.json().get("least").get(0);
    assertEquals(
        1 + (n - 1) / 2.0, greatest.get("value").asDouble(), greatest.get("bound").asDouble());
    assertEquals(0.5, least.get("value").asDouble(), least.get("bound").asDouble());
    assertTrue(least.get("bound").asDouble() < 1e-6, least.toString());
    Path plot = directory.resolve("h.svg");
    Invocation refused =
        Invocation.child(directory, heap, "spectrum", path, "--histogram-out", plot).ended(5);
    assertEquals(1, refused.err().lines().count(), refused.err());
    assertTrue(refused.err().contains("for all eigenvalues"), refused.err());
    assertFalse(Files.exists(plot));
  }

  /** The kernel of features at three nodes, whose bound holds the exact kernel's eigenvalues. */
  @Test
  void aStoreOfFewerNodesInTimeStatesTheirError() {
    DenseMatrix exact = inMemory();
    Path store = directory.resolve("nodes");
    Object[] words = {
      "ntk", "--samples", SAMPLES, "--width", 48, "--depth", 4, "--precision", "fp64"
    };
    Object[] nodes = {"--time-nodes", 3, "--store", store, "--tile", 7};
    Invocation.of(Stream.of(words, nodes).flatMap(Stream::of).toArray()).ended(0);
    JsonNode found = spectrum(store, "--extreme", 1);
    double error = found.get("timeNodesError").asDouble();
    assertTrue(error > 0 && error < 0.01 * exact.norm(), found.toString());
    Spectrum.Ends ends = Spectrum.ends(exact);
    for (boolean low : new boolean[] {true, false}) {
      JsonNode value = found.get(low ? "least" : "greatest").get(0);
      Spectrum.Extreme expected = low ? ends.least() : ends.greatest();
      assertEquals(
          expected.value(),
          value.get("value").asDouble(),
          error + value.get("bound").asDouble() + expected.errorBound() + TILING * exact.norm());
    }
    String text = Invocation.of("spectrum", store, "-q", "--extreme", 1).ended(0).out();
    assertTrue(text.contains("fewer nodes in time"), text);
  }

  @Test
  void aStoreThatLacksATileOrHoldsADamagedOneIsRefused() throws Exception {
    Path store = store("fp64");
    GramStore tiles = GramStore.open(store);
    Path tile = tiles.file(2, 1);
    byte[] bytes = Files.readAllBytes(tile);
    bytes[100] ^= 1;
    Files.write(tile, bytes);
    Invocation damaged = Invocation.of("spectrum", store, "--extreme", 1, "-q").ended(3);
    assertTrue(damaged.err().contains("checksum"), damaged.err());
    tiles.delete(2, 1);
    for (Object[] words : List.of(new Object[] {store}, new Object[] {store, "--extreme", 1})) {
      Path out = directory.resolve("values.npy");
      Invocation lacking =
          Invocation.of(
                  Stream.concat(Stream.of("spectrum", "-q", "--out", out), Stream.of(words))
                      .toArray())
              .ended(11);
      assertTrue(lacking.err().contains("1 of its 15 tiles is missing"), lacking.err());
      assertEquals(1, lacking.err().lines().count(), lacking.err());
      assertFalse(Files.exists(out));
    }
  }
}
