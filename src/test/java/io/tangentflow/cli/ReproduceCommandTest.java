package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reproduction that is stopped at any moment and gone on with ends as if it had not been. */
class ReproduceCommandTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Of figure 5 one for each width; of figure 13 two frameworks with three seeds each. */
  private static final int TASKS_OF_5 = 4;

  private static final int TASKS = TASKS_OF_5 + 6;

  @TempDir private static Path wholeParent;
  private static Path whole;
  private static Invocation first;

  @TempDir private Path directory;

  private static Object[] reproduce(Path out, long seed, String... figures) {
    List<Object> words = new ArrayList<>(List.of("reproduce"));
    words.addAll(List.of(figures));
    words.addAll(List.of("--scale", "smoke", "--backend", "cpu-vector", "--threads", 1));
    words.addAll(List.of("--seed", seed, "--out", out));
    return words.toArray();
  }

  @BeforeAll
  static void runWithoutInterruption() {
    whole = wholeParent.resolve("whole");
    first = Invocation.of(reproduce(whole, 0, "fig13", "5")).ended(0);
  }

  /** The numbers of each task, without times; each task stands there once. */
  private static Map<String, JsonNode> results(Path run) throws IOException {
    Map<String, JsonNode> byTask = new TreeMap<>();
    for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
      ObjectNode node = (ObjectNode) JSON.readTree(line);
      assertTrue(node.remove("seconds").asDouble() > 0);
      ObjectNode numbers = (ObjectNode) node.get("numbers");
      numbers.remove("seconds");
      assertEquals(null, byTask.put(node.get("task").asText() + node.get("setting"), numbers));
    }
    return byTask;
  }

  private static String verdicts(Path run) throws IOException {
    return Files.readString(run.resolve("verdicts.json"));
  }

  private static void assertSame(Path run) throws IOException {
    assertEquals(results(whole), results(run));
    assertEquals(verdicts(whole), verdicts(run));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  private static void keepLines(Path file, int count, String rest) throws IOException {
    List<String> lines = Files.readAllLines(file);
    String kept = String.join("\n", lines.subList(0, count));
    Files.writeString(file, (count == 0 ? "" : kept + "\n") + rest);
  }

  @Test
  void resultsHoldAllThatIsDrawnAndTheReportIsWhole() throws IOException {
    Map<String, JsonNode> results = results(whole);
    assertEquals(TASKS, results.size());
    Set<String> names = new HashSet<>();
    results.values().forEach(numbers -> numbers.fieldNames().forEachRemaining(names::add));
    assertTrue(
        names.containsAll(
            List.of(
                "output0",
                "output1",
                "correlation",
                "correlationOfSquares",
                "trainLoss",
                "trainLoss.step",
                "gradientGap",
                "gradientGap.step",
                "distance",
                "outputGap")),
        names.toString());
    String report = Files.readString(whole.resolve("report.html"));
    for (String file :
        List.of("fig5.svg", "fig5-squares.svg", "fig13.svg", "fig13-gradient.svg", "fig13.csv")) {
      assertTrue(Files.size(whole.resolve(file)) > 0, file);
    }
    for (JsonNode verdict : JSON.readTree(verdicts(whole))) {
      assertTrue(report.contains(verdict.get("claim").asText()), verdict.toString());
      assertTrue(first.out().contains(verdict.get("claim").asText()), first.out());
      assertTrue(
          Files.readString(whole.resolve("verdicts.csv")).contains(verdict.get("figure").asText()));
    }
    String own = report.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    assertFalse(own.contains("http://") || own.contains("https://"), "no network");
  }

  @Test
  void jsonIsTheArrayOfVerdicts() throws IOException {
    Invocation report = Invocation.of("report", whole, "--json", "-q").ended(0);
    assertEquals("", report.err());
    JsonNode array = JSON.readTree(report.out());
    assertEquals(JSON.readTree(verdicts(whole)), array);
    assertTrue(array.isArray() && array.size() >= 5, report.out());
    List<String> figures = new ArrayList<>();
    for (JsonNode verdict : array) {
      List<String> keys = new ArrayList<>();
      verdict.fieldNames().forEachRemaining(keys::add);
      assertEquals(
          List.of("figure", "claim", "statistic", "value", "low", "high", "verdict"), keys);
      assertTrue(
          List.of("agrees", "disagrees", "inconclusive").contains(verdict.get("verdict").asText()),
          verdict.toString());
      figures.add(verdict.get("figure").asText());
    }
    // In the paper's order, not in that of the command line.
    assertTrue(figures.indexOf("5") < figures.indexOf("13"), figures.toString());
  }

  @Test
  void sameSeedGivesTheSameBytesAndAnotherDoesNot() throws IOException {
    Path again = directory.resolve("again");
    Invocation.of(reproduce(again, 0, "fig5", "fig13")).ended(0);
    assertSame(again);
    Path other = directory.resolve("other");
    Invocation.of(reproduce(other, 1, "fig5")).ended(0);
    Set<String> values = new HashSet<>();
    JSON.readTree(verdicts(whole)).forEach(verdict -> values.add(verdict.get("value").asText()));
    for (JsonNode verdict : JSON.readTree(verdicts(other))) {
      assertFalse(values.contains(verdict.get("value").asText()), verdict.toString());
    }
    assertNotEquals(verdicts(whole), verdicts(other));
  }

  /** Also in the middle of a line, which a process may have been writing. */
  @Test
  void fromAnyNumberOfFinishedTasksItEndsWithTheSameNumbers() throws IOException {
    for (int lines : new int[] {0, 1, TASKS_OF_5, TASKS - 1, TASKS}) {
      Path run = directory.resolve("cut-" + lines);
      copy(whole, run);
      keepLines(run.resolve("results.jsonl"), lines, "{\"task\":\"Outp");
      Files.delete(run.resolve("verdicts.json"));
      Invocation.of("resume", run, "-q").ended(0);
      assertSame(run);
    }
  }

  @Test
  void reportOfAPartNamesWhatIsNotFinished() throws IOException {
    Path run = directory.resolve("part");
    copy(whole, run);
    keepLines(run.resolve("results.jsonl"), TASKS_OF_5 + 1, "");
    Invocation report = Invocation.of("report", run).ended(0);
    assertTrue(report.out().contains("fig13: only 1 of 6 computations are finished"), report.out());
    assertTrue(report.out().contains("uncorrelated"), report.out());
    assertFalse(report.out().contains("frameworks"), report.out());
    for (JsonNode verdict : JSON.readTree(verdicts(run))) {
      assertEquals("5", verdict.get("figure").asText());
    }
    keepLines(run.resolve("results.jsonl"), 1, "");
    Invocation nothing = Invocation.of("report", run, "-q").ended(11);
    assertEquals(1, nothing.err().lines().count(), nothing.err());
    assertTrue(nothing.err().contains("has no whole figure yet"), nothing.err());
  }

  @Test
  void runOfAnotherKindOrOfFiguresThatAreNotKnownIsRefused() throws IOException {
    for (String change : List.of("fig5\"->fig55\"", "smoke->huge", "reproduction->tournament")) {
      Path run = Files.createTempDirectory(directory, "foreign").resolve("run");
      copy(whole, run);
      String manifest = Files.readString(run.resolve("run.json"));
      int arrow = change.indexOf("->");
      String changed =
          manifest
              .replace(change.substring(0, arrow), change.substring(arrow + 2))
              .replace(change.substring(0, arrow).toUpperCase(Locale.ROOT), "HUGE");
      assertNotEquals(manifest, changed, change);
      Files.writeString(run.resolve("run.json"), changed);
      for (String command : List.of("report", "resume")) {
        Invocation refused = Invocation.of(command, run, "-q").ended(3);
        assertEquals(1, refused.err().lines().count(), refused.err());
        assertTrue(refused.err().contains("run.json"), refused.err());
      }
      assertEquals(changed, Files.readString(run.resolve("run.json")));
    }
  }

  @Test
  void damagedResultsAreNamedByTheirLine() throws IOException {
    for (String damage :
        List.of("{}", "nonsense", "null", "{\"task\":\"X\",\"setting\":{},\"numbers\":null}")) {
      Path run = Files.createTempDirectory(directory, "damaged").resolve("run");
      copy(whole, run);
      keepLines(run.resolve("results.jsonl"), 2, damage + "\n");
      for (String command : List.of("report", "resume")) {
        Invocation refused = Invocation.of(command, run, "-q").ended(3);
        assertEquals(1, refused.err().lines().count(), refused.err());
        assertTrue(refused.err().contains("results.jsonl, line 3"), refused.err());
      }
    }
  }

  /** As of a version that computed less by the same name. */
  @Test
  void lineThatLacksANumberIsNamedAndComputedAgainWhenDeleted() throws IOException {
    Path run = directory.resolve("run");
    copy(whole, run);
    Path file = run.resolve("results.jsonl");
    List<String> lines = Files.readAllLines(file);
    ObjectNode node = (ObjectNode) JSON.readTree(lines.get(0));
    node.putObject("numbers");
    Files.writeString(file, node + "\n" + String.join("\n", lines.subList(1, TASKS)) + "\n");
    for (String command : List.of("report", "resume")) {
      Invocation named = Invocation.of(command, run, "-q").ended(3);
      assertEquals(1, named.err().lines().count(), named.err());
      assertTrue(named.err().contains("has no correlationOfSquares"), named.err());
    }
    Files.writeString(file, String.join("\n", lines.subList(1, TASKS)) + "\n");
    Invocation.of("resume", run, "-q").ended(0);
    assertSame(run);
  }

  /** Its losses to the last bit: the same configuration, computed by another command. */
  @Test
  void trainingsAreThoseOfTrain() throws IOException {
    Path run = directory.resolve("train");
    Invocation.of(
            "train",
            "--data",
            "digits",
            "--data-seed",
            0,
            "--samples",
            40,
            "--test-samples",
            0,
            "--targets",
            "onehot",
            "--activation",
            "relu",
            "--width",
            64,
            "--gradient",
            "discrete:euler/20",
            "--seed",
            1,
            "--learning-rate",
            0.6 / 40,
            "--steps",
            40,
            "--gap-every",
            1,
            "--gap-method",
            "stored:euler/20",
            "--kernel-every",
            0,
            "--predict",
            "none",
            "--precision",
            "fp32",
            "--backend",
            "cpu-vector",
            "--threads",
            1,
            "--out",
            run)
        .ended(0);
    List<Double> losses = new ArrayList<>();
    List<Double> gaps = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
      losses.add(JSON.readTree(line).get("trainLoss").asDouble());
      gaps.add(JSON.readTree(line).get("gradientGap").asDouble());
    }
    JsonNode numbers = null;
    for (Map.Entry<String, JsonNode> each : results(whole).entrySet()) {
      if (each.getKey().contains("discrete:euler/20") && each.getKey().contains("\"seed\":1,\"l")) {
        numbers = each.getValue();
      }
    }
    assertEquals(41, losses.size());
    assertEquals(losses, numbers(numbers.get("trainLoss")));
    assertEquals(gaps, numbers(numbers.get("gradientGap")));
  }

  private static List<Double> numbers(JsonNode array) {
    List<Double> numbers = new ArrayList<>();
    array.forEach(number -> numbers.add(number.asDouble()));
    return numbers;
  }

  /**
   * A training whose lines are not in the results yet is begun again where it has no checkpoint.
   */
  @Test
  void trainingThatWasKilledGoesOn() throws IOException {
    Path run = directory.resolve("run");
    copy(whole, run);
    keepLines(run.resolve("results.jsonl"), TASKS_OF_5 + 1, "");
    List<Path> trainings;
    try (Stream<Path> paths = Files.list(run.resolve("trainings"))) {
      trainings = paths.sorted().toList();
    }
    assertEquals(6, trainings.size());
    // Killed within a line, before the first line, and when it had made its directory only.
    keepLines(trainings.get(0).resolve("results.jsonl"), 7, "{\"step\":7,");
    keepLines(trainings.get(1).resolve("results.jsonl"), 0, "");
    Files.delete(trainings.get(2).resolve("results.jsonl"));
    Files.delete(trainings.get(3).resolve("run.json"));
    Files.delete(trainings.get(3).resolve("results.jsonl"));
    try (Stream<Path> rest = Files.list(trainings.get(3))) {
      for (Path file : rest.filter(f -> !f.endsWith(".lock")).toList()) {
        Files.delete(file);
      }
    }
    Invocation.of("resume", run, "-q").ended(0);
    assertSame(run);
  }
}
