package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.backend.MemoryBudget;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of a kind that its directory does not know. */
class RunLinesTest {

  record Settings(double rate, List<Integer> intervals, long seed) {}

  record Loss(long step, double loss, Double accuracy) {}

  private static final Settings SETTINGS = new Settings(1.0 / 3, List.of(1, 10), 1L << 40);
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path parent;
  private Path path;
  private Path file;

  @BeforeEach
  void begin() {
    path = parent.resolve("run");
    file = path.resolve("results.jsonl");
    RunDirectory.create(path, manifest()).close();
  }

  private static Manifest manifest() {
    return new Manifest(
        "descent",
        "descend",
        "2026-01-01T00:00:00Z",
        "0",
        "17",
        "here",
        "a device",
        MemoryBudget.shared(1 << 28),
        StrictJson.tree(SETTINGS),
        List.of(new Manifest.DataFile("x.csv", "00")));
  }

  private static List<Loss> losses(int from, int to) {
    List<Loss> losses = new ArrayList<>();
    for (int step = from; step < to; step++) {
      losses.add(new Loss(step, new Random(step).nextGaussian(), step % 2 == 0 ? null : 0.1));
    }
    return losses;
  }

  @Test
  void linesOfOneWriteAndOfManyAreReadBackInTheirOrderToTheLastBit() {
    try (RunDirectory run = RunDirectory.open(path)) {
      assertEquals(List.of(), run.lines(Loss.class));
      run.append(losses(0, 5));
      run.append(losses(5, 6).get(0));
      run.append(List.of());
      run.append(losses(6, 3000));
      assertEquals(losses(0, 3000), run.lines(Loss.class));
    }
    try (RunDirectory run = RunDirectory.open(path)) {
      assertEquals(losses(0, 3000), run.lines(Loss.class));
      assertEquals(manifest(), run.manifest());
      assertEquals(SETTINGS, run.configuration(Settings.class));
    }
  }

  /** Also where the cut line is longer than what is looked at in one piece. */
  @Test
  void whatIsAppendedAfterAKillBeginsALineOfItsOwn() throws Exception {
    try (RunDirectory run = RunDirectory.open(path)) {
      run.append(losses(0, 4));
    }
    byte[] whole = Files.readAllBytes(file);
    for (int extra : new int[] {1, 8191, 8192, 8193, 40_000}) {
      byte[] half = Arrays.copyOf(whole, whole.length + extra);
      Arrays.fill(half, whole.length, half.length, (byte) '{');
      Files.write(file, half);
      try (RunDirectory run = RunDirectory.open(path)) {
        run.append(losses(4, 5).get(0));
        assertEquals(losses(0, 5), run.lines(Loss.class));
        run.keepLines(4);
      }
      assertArrayEquals(whole, Files.readAllBytes(file), extra + " bytes");
    }
    Files.writeString(file, "{\"step\":");
    RunDirectory.open(path).close();
    assertEquals(0, Files.size(file));
  }

  @Test
  void fileIsCutBackToItsFirstLinesAndToNoMoreThanItHas() throws Exception {
    try (RunDirectory run = RunDirectory.open(path)) {
      run.keepLines(0);
      run.append(losses(0, 100));
      run.keepLines(100);
      for (int count : new int[] {99, 50, 1}) {
        run.keepLines(count);
        assertEquals(losses(0, count), run.lines(Loss.class));
      }
      byte[] before = Files.readAllBytes(file);
      DataFormat failure = assertThrows(DataFormat.class, () -> run.keepLines(2));
      assertTrue(
          failure.getMessage().contains("has 1 lines, where the run had 2"), failure.getMessage());
      assertArrayEquals(before, Files.readAllBytes(file));
      run.keepLines(0);
      assertEquals(List.of(), run.lines(Loss.class));
      run.append(losses(0, 2));
      assertEquals(losses(0, 2), run.lines(Loss.class));
    }
  }

  @Test
  void lineOfAnotherTypeIsNamedByItsNumber() throws Exception {
    try (RunDirectory run = RunDirectory.open(path)) {
      run.append(losses(0, 3));
      run.append(new Settings(1, List.of(), 0));
      run.append(losses(3, 4));
      DataFormat failure = assertThrows(DataFormat.class, () -> run.lines(Loss.class));
      assertTrue(failure.getMessage().contains("results.jsonl, line 4: "), failure.getMessage());
    }
    byte[] latin = Files.readAllBytes(file);
    latin[12] = (byte) 0xe4;
    Files.write(file, latin);
    try (RunDirectory run = RunDirectory.open(path)) {
      DataFormat failure = assertThrows(DataFormat.class, () -> run.lines(Loss.class));
      assertTrue(failure.getMessage().contains("results.jsonl, line 1: "), failure.getMessage());
    }
  }

  @Test
  void filesOfJsonAreThereOrNotAndOfTheirTypeOrRefused() throws Exception {
    try (RunDirectory run = RunDirectory.open(path)) {
      assertEquals(Optional.empty(), run.read("theory.json", Settings.class));
      run.write("theory.json", SETTINGS);
      assertEquals(Optional.of(SETTINGS), run.read("theory.json", Settings.class));
      DataFormat failure =
          assertThrows(DataFormat.class, () -> run.read("theory.json", Loss.class));
      assertTrue(
          failure.getMessage().contains("theory.json: was not written by this version"),
          failure.getMessage());
      Files.writeString(path.resolve("theory.json"), "null");
      assertThrows(DataFormat.class, () -> run.read("theory.json", Settings.class));
    }
  }

  @Test
  void configurationOfAnotherKindIsRefused() {
    try (RunDirectory run = RunDirectory.open(path)) {
      DataFormat failure =
          assertThrows(DataFormat.class, () -> run.configuration(SweepConfiguration.class));
      assertTrue(
          failure.getMessage().contains("run.json: was not written by this version"),
          failure.getMessage());
    }
  }

  @Test
  void manifestWithoutOneOfItsPartsIsRefused() throws Exception {
    Path manifest = path.resolve("run.json");
    ObjectNode whole = (ObjectNode) JSON.readTree(manifest.toFile());
    for (String part : List.of("kind", "configuration", "data", "device")) {
      for (ObjectNode damaged :
          List.of(whole.deepCopy().putNull(part), whole.deepCopy().without(part))) {
        JSON.writeValue(manifest.toFile(), damaged);
        try (RunDirectory run = RunDirectory.open(path)) {
          DataFormat failure = assertThrows(DataFormat.class, run::manifest, damaged.toString());
          assertTrue(failure.getMessage().contains(part), failure.getMessage());
        }
      }
    }
  }
}
