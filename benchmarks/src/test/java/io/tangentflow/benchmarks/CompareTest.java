package io.tangentflow.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

class CompareTest {

  private static final String BEFORE = "[[99.0, 101.0], [100.0, 100.0], [100.5, 99.5]]";

  @TempDir private Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int compare(Path before, Path after, String... options) {
    String[] arguments = new String[options.length + 2];
    System.arraycopy(options, 0, arguments, 2, options.length);
    arguments[0] = before.toString();
    arguments[1] = after.toString();
    return Compare.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private Path file(String name, String... results) throws IOException {
    return Files.writeString(directory.resolve(name), "[" + String.join(",", results) + "]");
  }

  private static String result(String method, String width, String rawData) {
    return result(method, width, "avgt", "us/op", "17.0.15", rawData);
  }

  private static String result(
      String method, String width, String mode, String unit, String jdk, String rawData) {
    return String.format(
        """
        {"benchmark": "io.tangentflow.benchmarks.operation.GemmBenchmark.%s", "mode": "%s",
         "threads": 1, "jdkVersion": "%s", "vmName": "VM", "vmVersion": "1",
         "jvmArgs": ["-Xmx1g"], "params": {"width": "%s", "backend": "cpu-vector"},
         "primaryMetric": {"score": 1, "scoreUnit": "%s", "rawData": %s}}
        """,
        method, mode, jdk, width, unit, rawData);
  }

  @Test
  void tellsWhatIsSlowerWhatIsFasterAndWhatIsNotTold() throws IOException {
    Path before =
        file(
            "before.json",
            result("forward", "256", BEFORE),
            result("forward", "1024", BEFORE),
            result("adjoint", "256", BEFORE),
            result("gone", "256", BEFORE));
    Path after =
        file(
            "after.json",
            result("adjoint", "256", "[[100.0, 100.2], [100.0, 99.9], [100.3, 99.8]]"),
            result("forward", "256", "[[120.0, 121.0], [119.0, 120.0], [120.5, 119.5]]"),
            result("forward", "1024", "[[50.0, 50.1], [49.0, 50.0], [50.5, 49.5]]"),
            result("fresh", "256", BEFORE));
    assertEquals(0, compare(before, after, "--json"), err.toString());
    JsonNode root = new ObjectMapper().readTree(out.toString());
    JsonNode slower = root.get("benchmarks").get(0);
    assertEquals("slower", slower.get("verdict").asText());
    assertEquals("256", slower.get("parameters").get("width").asText());
    assertEquals("us/op", slower.get("unit").asText());
    assertEquals(100, slower.get("before").asDouble(), 1e-9);
    assertEquals(120, slower.get("after").asDouble(), 1e-9);
    // Means of forks 100, 100, 100 and 120.5, 119.5, 120: a side without spread, so ν = 2.
    double[] logs = {Math.log(1.205), Math.log(1.195), Math.log(1.2)};
    double mean = (logs[0] + logs[1] + logs[2]) / 3;
    double squares = 0;
    for (double log : logs) {
      squares += (log - mean) * (log - mean);
    }
    double half = 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025)) * Math.sqrt(squares / 2 / 3);
    assertEquals(Math.exp(mean), slower.get("ratio").asDouble(), 1e-7);
    assertEquals(Math.exp(mean - half), slower.get("lower").asDouble(), 1e-7);
    assertEquals(Math.exp(mean + half), slower.get("upper").asDouble(), 1e-7);
    assertTrue(slower.get("acrossForks").asBoolean());
    assertEquals("faster", root.get("benchmarks").get(1).get("verdict").asText());
    assertEquals("no difference told", root.get("benchmarks").get(2).get("verdict").asText());
    assertEquals(3, root.get("benchmarks").size());
    assertTrue(root.get("onlyBefore").get(0).get("benchmark").asText().endsWith(".gone"));
    assertTrue(root.get("onlyAfter").get(0).get("benchmark").asText().endsWith(".fresh"));
    assertEquals(0, root.get("remarks").size());
  }

  @Test
  void theTextNamesAllOfIt() throws IOException {
    Path before = file("b.json", result("forward", "256", BEFORE), result("gone", "1", BEFORE));
    Path after = file("a.json", result("forward", "256", BEFORE), result("fresh", "1", BEFORE));
    assertEquals(0, compare(before, after));
    String text = out.toString();
    assertTrue(text.contains("GemmBenchmark.forward backend=cpu-vector width=256"), text);
    assertTrue(text.contains("1.0000 … 1.0000"), text);
    assertTrue(text.contains("no difference told"), text);
    assertTrue(
        text.contains("Only before:\n  GemmBenchmark.gone backend=cpu-vector width=1"), text);
    assertTrue(
        text.contains("Only after:\n  GemmBenchmark.fresh backend=cpu-vector width=1"), text);
  }

  @ParameterizedTest
  @CsvSource({"1.05, 1", "1.15, 1", "1.2, 0", "1.3, 0"})
  void failsOnlyIfAnIntervalLiesAboveTheLimit(String limit, int exitCode) throws IOException {
    Path before = file("b.json", result("forward", "256", BEFORE));
    Path after = file("a.json", result("forward", "256", "[[119.0], [120.0], [121.0]]"));
    assertEquals(exitCode, compare(before, after, "--fail-above", limit));
    assertEquals(exitCode == 1, out.toString().contains("beyond the limit"));
  }

  @Test
  void saysThatTheMachinesOfJavaDiffer() throws IOException {
    Path before = file("b.json", result("forward", "256", BEFORE));
    Path after = file("a.json", result("forward", "256", "avgt", "us/op", "25", BEFORE));
    assertEquals(0, compare(before, after));
    assertTrue(
        out.toString().contains("The JVMs differ: VM 17.0.15 (1) -Xmx1g; VM 25 (1) -Xmx1g."),
        out.toString());
  }

  @Test
  void saysWhatAnIntervalOfOneForkDoesNotKnow() throws IOException {
    Path before =
        file("b.json", result("forward", "1", "[[1.0, 1.1]]"), result("square", "1", "[[2]]"));
    Path after =
        file("a.json", result("forward", "1", "[[1.0, 1.1]]"), result("square", "1", BEFORE));
    assertEquals(0, compare(before, after));
    assertTrue(out.toString().contains("1 of the intervals are those of iterations"));
    assertTrue(out.toString().contains("1 have one time alone in a run"));
    assertTrue(out.toString().contains("no ratio"));
  }

  @ParameterizedTest
  @CsvSource({"ss, us/op, mode avgt before and ss after", "avgt, ms/op, unit us/op before and ms"})
  void refusesWhatDoesNotCompare(String mode, String unit, String why) throws IOException {
    Path before = file("b.json", result("forward", "256", BEFORE));
    Path after = file("a.json", result("forward", "256", mode, unit, "17.0.15", BEFORE));
    assertEquals(2, compare(before, after));
    assertTrue(err.toString().contains(why), err.toString());
    assertEquals("", out.toString());
  }

  @Test
  void refusesFilesThatAreNotResults() throws IOException {
    Path good = file("b.json", result("forward", "256", BEFORE));
    assertEquals(3, compare(good, directory.resolve("none.json")));
    assertEquals(3, compare(good, Files.writeString(directory.resolve("x.json"), "[{")));
    assertEquals(3, compare(good, Files.writeString(directory.resolve("y.json"), "{}")));
    assertEquals(3, compare(good, file("z.json", "{\"mode\": \"avgt\"}")));
    assertEquals(3, compare(good, file("w.json", result("forward", "256", "[]"))));
    assertEquals(3, compare(good, file("v.json", result("forward", "256", "[[]]"))));
    assertEquals(3, compare(good, file("u.json", result("forward", "256", "[[-1]]"))));
    assertEquals(3, compare(good, file("t.json", result("forward", "256", "[[\"NaN\"]]"))));
    String rate = result("forward", "256", "thrpt", "ops/us", "17.0.15", BEFORE);
    assertEquals(3, compare(good, file("s.json", rate)));
    String twice = result("forward", "256", BEFORE);
    assertEquals(3, compare(good, file("r.json", twice, twice)));
    assertEquals("", out.toString());
    assertFalse(err.toString().contains("Exception"), err.toString());
  }

  @Test
  void refusesOptionsThatMeanNothing() throws IOException {
    Path good = file("b.json", result("forward", "256", BEFORE));
    Path other = file("a.json", result("square", "256", BEFORE));
    assertEquals(2, compare(good, good, "--fail-above", "0"));
    assertEquals(2, compare(good, good, "--fail-above", "NaN"));
    assertEquals(2, compare(good, good, "--fail-above", "x"));
    assertEquals(2, compare(good, other));
    assertEquals(2, compare(good, good, "--no-such-option"));
    assertEquals("", out.toString());
  }

  @Test
  void readsWhatJmhWrites() throws RunnerException, IOException {
    Path written = directory.resolve("jmh.json");
    new Runner(
            new OptionsBuilder()
                .include("\\.CopyBenchmark\\.")
                .param("entries", "1000")
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(2)
                .measurementTime(TimeValue.milliseconds(1))
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true)
                .resultFormat(ResultFormatType.JSON)
                .result(written.toString())
                .build())
        .run();
    assertEquals(0, compare(written, written, "--json"), err.toString());
    JsonNode same = new ObjectMapper().readTree(out.toString()).get("benchmarks").get(0);
    assertEquals("1000", same.get("parameters").get("entries").asText());
    assertEquals(1, same.get("ratio").asDouble(), 1e-12);
    assertEquals("no difference told", same.get("verdict").asText());
  }
}
