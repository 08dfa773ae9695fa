package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.backend.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SweepResultsTest {

  private static final SweepConfiguration CONFIGURATION =
      SmallRun.configuration(
          List.of("softplus", "relu"),
          List.of("rk4"),
          List.of(3),
          List.of(8, 16),
          List.of(0L, 1L),
          Precision.FP64);

  @TempDir private Path directory;

  private Path finished() {
    Path path = directory.resolve("run");
    SmallRun.of(path, CONFIGURATION, (width, seed) -> 1.0 / 3 / width, (w, s) -> 0.1, null).close();
    return path;
  }

  @Test
  void whatIsWrittenIsReadBackToTheLastBit() {
    Path path = finished();
    try (RunDirectory run = RunDirectory.open(path)) {
      assertEquals(SmallRun.manifest(CONFIGURATION), run.manifest());
      assertEquals(CONFIGURATION, new SweepResults(run).configuration());
      List<CellResult> results = new SweepResults(run).cells();
      assertEquals(8, results.size());
      assertEquals(CONFIGURATION.cells(), results.stream().map(CellResult::cell).toList());
      assertEquals(1.0 / 3 / 8, results.get(0).relativeError());
      assertEquals(
          0.25, new SweepResults(run).limit("relu-depth-inf").orElseThrow().leastEigenvalue());
      assertTrue(new SweepResults(run).limit("tanh-depth-inf").isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{}", "null", "42", "{\"cell\":", "[]", "{\"cell\":null}", "nonsense"})
  void lineThatIsNotAResultIsNamedByItsNumber(String line) throws Exception {
    Path path = finished();
    Path file = path.resolve("results.jsonl");
    List<String> lines = Files.readAllLines(file);
    lines.set(2, line);
    Files.write(file, lines);
    byte[] damaged = Files.readAllBytes(file);
    try (RunDirectory run = RunDirectory.open(path)) {
      DataFormat failure = assertThrows(DataFormat.class, () -> new SweepResults(run).cells());
      assertTrue(failure.getMessage().contains("line 3: "), failure.getMessage());
    }
    assertArrayEquals(damaged, Files.readAllBytes(file));
  }

  @Test
  void repeatedAndForeignResultsAreNamed() throws Exception {
    Path path = finished();
    Path file = path.resolve("results.jsonl");
    List<String> lines = Files.readAllLines(file);
    for (String wrong :
        List.of(lines.get(0), lines.get(3).replace("\"width\":16", "\"width\":17"))) {
      List<String> changed = Files.readAllLines(file);
      changed.set(3, wrong);
      Files.write(file, changed);
      try (RunDirectory run = RunDirectory.open(path)) {
        DataFormat failure = assertThrows(DataFormat.class, () -> new SweepResults(run).cells());
        assertTrue(failure.getMessage().contains("line 4: "), failure.getMessage());
      }
      Files.write(file, lines);
    }
  }

  @Test
  void manifestWithAnImpossibleConfigurationSaysWhatIsWrong() throws Exception {
    Path path = finished();
    Path file = path.resolve("run.json");
    Files.writeString(file, Files.readString(file).replace("\"softplus\"", "\"swish\""));
    try (RunDirectory run = RunDirectory.open(path)) {
      DataFormat failure =
          assertThrows(DataFormat.class, () -> new SweepResults(run).configuration());
      assertTrue(failure.getMessage().contains("no activation 'swish'"), failure.getMessage());
    }
  }
}
