package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.ElementType;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointsTest {

  private static final int N = 11;
  private static final ElementType TYPE = ElementType.FP64;
  private static final List<String> FILES =
      List.of("U.npy", "W.npy", "V.npy", "checkpoint.json", "checkpoint.json.sha256");

  @TempDir private Path parent;
  private RunDirectory run;
  private Path directory;

  @BeforeEach
  void begin() {
    run = SavedMatrices.run(parent.resolve("run"));
    directory = run.file("checkpoints");
  }

  @AfterEach
  void end() {
    run.close();
  }

  private Checkpoints saved(int keep, long... steps) {
    Checkpoints checkpoints = new Checkpoints(run, keep);
    for (long step : steps) {
      SavedMatrices.save(checkpoints, step, N, TYPE);
    }
    return checkpoints;
  }

  private Path file(long step, String name) {
    return directory.resolve(String.format("step-%010d", step)).resolve(name);
  }

  private static Checkpoint latestOf(Checkpoints checkpoints) {
    return checkpoints
        .latest(
            damaged -> {
              throw damaged;
            })
        .orElseThrow();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void whatIsSavedIsReadBackToTheLastBit(ElementType type) {
    Checkpoints checkpoints = new Checkpoints(run, 3);
    for (long step : new long[] {0, 7, 12_345_678_901L}) {
      SavedMatrices.save(checkpoints, step, N, type);
    }
    assertEquals(List.of(0L, 7L, 12_345_678_901L), checkpoints.steps());
    for (long step : checkpoints.steps()) {
      assertEquals(step, checkpoints.read(step).step());
      SavedMatrices.assertWhole(checkpoints.read(step), N, type);
    }
    assertEquals(12_345_678_901L, latestOf(new Checkpoints(run, 3)).step());
  }

  /** By hand: the header is what NumPy's format demands, then come the columns, little-endian. */
  @ParameterizedTest
  @EnumSource(ElementType.class)
  void matricesLieInTheFormOfNumPy(ElementType type) throws Exception {
    Checkpoints checkpoints = new Checkpoints(run, 1);
    SavedMatrices.save(checkpoints, 5, N, type);
    for (Map.Entry<String, DenseMatrix> entry : SavedMatrices.matrices(5, N, type).entrySet()) {
      byte[] bytes = Files.readAllBytes(file(5, entry.getKey() + ".npy"));
      DenseMatrix matrix = entry.getValue();
      int start = bytes.length - matrix.values().length * type.bytes();
      assertEquals(0, start % 64);
      String header = new String(bytes, 10, start - 10, StandardCharsets.US_ASCII);
      assertTrue(
          header.startsWith(
              String.format(
                  "{'descr': '<f%d', 'fortran_order': True, 'shape': (%d, %d), }",
                  type.bytes(), matrix.rows(), matrix.columns())),
          header);
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(start);
      for (double value : matrix.values()) {
        double read = type == ElementType.FP32 ? buffer.getFloat() : buffer.getDouble();
        assertEquals(Double.doubleToLongBits(value), Double.doubleToLongBits(read));
      }
    }
  }

  @Test
  void contentsSayStepShapesAndHashes() throws Exception {
    saved(1, 42);
    assertEquals(List.of("step-0000000042"), names());
    byte[] bytes = Files.readAllBytes(file(42, "checkpoint.json"));
    JsonNode contents = new ObjectMapper().readTree(bytes);
    assertEquals(42, contents.get("step").asLong());
    assertEquals(SavedMatrices.state(42).toString(), contents.get("state").toString());
    List<String> shapes = new ArrayList<>();
    for (JsonNode matrix : contents.get("matrices")) {
      shapes.add(matrix.get("name").asText() + matrix.get("rows") + "x" + matrix.get("columns"));
      Path file = file(42, matrix.get("file").asText());
      assertEquals(sha256(Files.readAllBytes(file)), matrix.get("sha256").asText());
    }
    assertEquals(List.of("U11x3", "W11x11", "V2x11"), shapes);
    assertEquals(
        sha256(bytes) + "  checkpoint.json\n",
        Files.readString(file(42, "checkpoint.json.sha256")));
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  @Test
  void lastOnesAreKeptAndNothingElseStays() throws Exception {
    Checkpoints checkpoints = new Checkpoints(run, 3);
    for (long step = 0; step < 10; step++) {
      SavedMatrices.save(checkpoints, step * step, N, TYPE);
      assertEquals(Math.min(3, step + 1), names().size());
    }
    assertEquals(List.of("step-0000000049", "step-0000000064", "step-0000000081"), names());
    SavedMatrices.save(new Checkpoints(run, 1), 100, N, TYPE);
    assertEquals(List.of("step-0000000100"), names());
  }

  @Test
  void runWithoutCheckpointsHasNone() {
    Checkpoints checkpoints = new Checkpoints(run, 2);
    assertEquals(List.of(), checkpoints.steps());
    assertTrue(checkpoints.latest(damaged -> {}).isEmpty());
    assertThrows(DataFormat.class, () -> checkpoints.read(3));
    checkpoints.removeAfter(0);
    assertEquals(false, Files.exists(directory));
  }

  /** One bit of every byte, another one each. */
  @Test
  void everyFlippedBitIsFoundAndTheCheckpointBeforeIsTaken() throws Exception {
    Checkpoints checkpoints = saved(2, 10, 20);
    for (String name : FILES) {
      byte[] whole = Files.readAllBytes(file(20, name));
      for (int at = 0; at < whole.length; at++) {
        byte[] flipped = whole.clone();
        flipped[at] ^= (byte) (1 << at % 8);
        Files.write(file(20, name), flipped);
        assertDamaged(checkpoints, name, "byte " + at + " of " + name);
      }
      Files.write(file(20, name), whole);
    }
    assertEquals(20, latestOf(checkpoints).step());
  }

  @Test
  void cutLengthenedAndMissingFilesAreNamedAndTheCheckpointBeforeIsTaken() throws Exception {
    Checkpoints checkpoints = saved(2, 10, 20);
    for (String name : FILES) {
      byte[] whole = Files.readAllBytes(file(20, name));
      for (int length = 0; length <= whole.length + 8; length += length == 0 ? 1 : 3) {
        if (length != whole.length) {
          Files.write(file(20, name), Arrays.copyOf(whole, length));
          assertDamaged(checkpoints, name, name + " of " + length + " bytes");
        }
      }
      Files.delete(file(20, name));
      assertDamaged(checkpoints, name, "no " + name);
      Files.createDirectory(file(20, name));
      assertDamaged(checkpoints, name, "a directory " + name);
      Files.delete(file(20, name));
      Files.write(file(20, name), whole);
    }
    assertEquals(20, latestOf(checkpoints).step());
  }

  private void assertDamaged(Checkpoints checkpoints, String name, String what) {
    DataFormat failure = assertThrows(DataFormat.class, () -> checkpoints.read(20), what);
    assertTrue(failure.getMessage().contains("step-0000000020"), failure.getMessage());
    assertTrue(failure.getMessage().contains(name), what + ": " + failure.getMessage());
    List<String> told = new ArrayList<>();
    Checkpoint before = checkpoints.latest(damage -> told.add(damage.getMessage())).orElseThrow();
    assertEquals(10, before.step(), what);
    assertEquals(List.of(failure.getMessage()), told);
  }

  @Test
  void ofDamagedOnesAloneNoneIsTakenAndEachIsTold() throws Exception {
    Checkpoints checkpoints = saved(3, 1, 2, 3);
    for (long step = 1; step <= 3; step++) {
      Files.delete(file(step, "W.npy"));
    }
    List<String> told = new ArrayList<>();
    assertTrue(checkpoints.latest(damage -> told.add(damage.getMessage())).isEmpty());
    assertEquals(
        Stream.of(3, 2, 1).map(step -> file(step, "W.npy") + ": is missing").toList(), told);
  }

  /** As it is read when asked for, a file may change after the checkpoint was opened. */
  @Test
  void matrixThatChangesAfterOpeningIsNotReturned() throws Exception {
    Checkpoint checkpoint = latestOf(saved(1, 20));
    byte[] bytes = Files.readAllBytes(file(20, "W.npy"));
    bytes[bytes.length - 8] ^= 1; // The last bit of a significand: still a finite number.
    Files.write(file(20, "W.npy"), bytes);
    checkpoint.matrix("U");
    DataFormat failure = assertThrows(DataFormat.class, () -> checkpoint.matrix("W"));
    assertTrue(failure.getMessage().contains("W.npy: is damaged"), failure.getMessage());
    assertThrows(DataFormat.class, () -> checkpoint.matrix("absent"));
  }

  @Test
  void checkpointUnderTheNameOfAnotherStepIsRefused() throws Exception {
    Checkpoints checkpoints = saved(2, 10, 20);
    Files.move(file(20, "").normalize(), directory.resolve("step-0000000030"));
    DataFormat failure = assertThrows(DataFormat.class, () -> checkpoints.read(30));
    assertTrue(failure.getMessage().contains("is of step 20"), failure.getMessage());
    assertEquals(10, checkpoints.latest(damage -> {}).orElseThrow().step());
  }

  /** Under its right hash, as by another program. */
  @Test
  void contentsThatAreNoneAreRefused() throws Exception {
    Checkpoints checkpoints = saved(2, 20);
    String whole = Files.readString(file(20, "checkpoint.json"));
    for (String contents :
        List.of(
            "",
            "null",
            "{}",
            whole.replace("\"step\"", "\"steps\""),
            "{\"step\": 20, \"state\": null, \"matrices\": []}",
            "{\"step\": 20, \"state\": {}, \"matrices\": null}")) {
      Files.writeString(file(20, "checkpoint.json"), contents);
      Files.writeString(
          file(20, "checkpoint.json.sha256"),
          sha256(contents.getBytes(StandardCharsets.UTF_8)) + "  checkpoint.json\n");
      DataFormat failure = assertThrows(DataFormat.class, () -> checkpoints.read(20), contents);
      assertTrue(failure.getMessage().contains("checkpoint.json"), failure.getMessage());
    }
  }

  @Test
  void savedAgainTheSameIsLeftAndAnotherOrADamagedOneIsReplaced() throws Exception {
    Checkpoints checkpoints = saved(2, 10, 20);
    Object before = key(20);
    SavedMatrices.save(checkpoints, 20, N, TYPE);
    assertEquals(before, key(20));
    Files.write(file(20, "V.npy"), new byte[100]);
    SavedMatrices.save(checkpoints, 20, N, TYPE);
    SavedMatrices.assertWhole(checkpoints.read(20), N, TYPE);
    assertNotEquals(before, key(20));
    checkpoints.save(20, SavedMatrices.state(99), SavedMatrices.matrices(20, N, TYPE), TYPE);
    assertEquals(SavedMatrices.state(99).toString(), checkpoints.read(20).state().toString());
    assertEquals(List.of("step-0000000010", "step-0000000020"), names());
  }

  private Object key(long step) throws IOException {
    return Files.readAttributes(file(step, "U.npy"), BasicFileAttributes.class).fileKey();
  }

  /** The run goes on from 10; what is saved then must not push 10 out before it is replaced. */
  @Test
  void laterOnesOfACourseThatIsLeftAreRemoved() throws Exception {
    Checkpoints checkpoints = saved(3, 10, 20, 30);
    checkpoints.removeAfter(10);
    assertEquals(List.of("step-0000000010"), names());
    assertEquals(10, latestOf(checkpoints).step());
    checkpoints.removeAfter(10);
    assertEquals(List.of(10L), checkpoints.steps());
  }

  @Test
  void laterOnesDoNotPushOutWhatIsSavedNow() {
    Checkpoints checkpoints = saved(2, 10, 30, 40);
    SavedMatrices.save(checkpoints, 20, N, TYPE);
    assertEquals(List.of(20L, 30L, 40L), checkpoints.steps());
  }

  @Test
  void whatAKilledProcessLeavesIsRemovedAndWhatIsNotItsIsNot() throws Exception {
    saved(2, 10);
    Path half = directory.resolve(".step-0000000020." + UUID.randomUUID() + ".tmp");
    Files.createDirectory(half);
    Files.write(half.resolve("W.npy"), new byte[10]);
    Files.createDirectory(directory.resolve("mine"));
    assertEquals(List.of(10L), new Checkpoints(run, 2).steps());
    assertEquals(List.of("mine", "step-0000000010"), names());
  }

  @Test
  void whatCannotBeSavedExactlyIsRefusedAndLeavesNothing() throws Exception {
    Checkpoints checkpoints = new Checkpoints(run, 2);
    SavedMatrices.save(checkpoints, 1, N, ElementType.FP32);
    Map<String, DenseMatrix> fp64 = SavedMatrices.matrices(2, N, ElementType.FP64);
    assertThrows(
        IllegalArgumentException.class,
        () -> checkpoints.save(2, SavedMatrices.state(2), fp64, ElementType.FP32));
    assertEquals(List.of("step-0000000001"), names());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "../W", "a/b", "a b", "W\n"})
  void nameThatIsNoFilesIsRefused(String name) throws Exception {
    Checkpoints checkpoints = saved(2, 1);
    Map<String, DenseMatrix> matrices = Map.of(name, DenseMatrix.zeros(1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> checkpoints.save(2, SavedMatrices.state(2), matrices, TYPE));
    assertEquals(List.of("step-0000000001"), names());
  }

  @Test
  void anInterruptedThreadStillSavesWhole() {
    Checkpoints checkpoints = new Checkpoints(run, 2);
    Thread.currentThread().interrupt();
    SavedMatrices.save(checkpoints, 1, N, TYPE);
    assertTrue(Thread.interrupted());
    SavedMatrices.assertWhole(checkpoints.read(1), N, TYPE);
  }

  @Test
  void fileInThePlaceOfTheDirectoryIsAConflict() throws Exception {
    Files.writeString(directory, "mine");
    RunDirectoryConflict failure =
        assertThrows(RunDirectoryConflict.class, () -> new Checkpoints(run, 2));
    assertTrue(failure.getMessage().contains("checkpoints: is not a directory"));
    assertEquals("mine", Files.readString(directory));
  }

  @Test
  void directoryOfTheRunItselfHoldsNothingNew() throws Exception {
    saved(1, 1);
    try (Stream<Path> entries = Files.list(run.path())) {
      assertEquals(
          new TreeSet<>(List.of(".lock", "checkpoints", "run.json")),
          new TreeSet<>(entries.map(entry -> entry.getFileName().toString()).toList()));
    }
  }
}
