package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.spectrum.Spectrum;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small sweep, FP32 like quickstart: what its directory holds, and that it is all of a piece. */
class RunContentsTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final CSVFormat CSV =
      CSVFormat.DEFAULT.builder().setHeader().setSkipHeaderRecord(true).get();

  @TempDir private static Path parent;
  private static Path run;
  private static Invocation sweep;

  @BeforeAll
  static void sweepOnce() {
    run = parent.resolve("made/on/the/way");
    sweep =
        Invocation.of(
                "sweep",
                "--width",
                "16,64,256",
                "--seeds",
                3,
                "--samples",
                12,
                "--depth",
                3,
                "--solver",
                "rk4,Euler",
                "--out",
                run,
                "--json")
            .ended(0);
  }

  @Test
  void everyFileIsThereAndNoOther() throws Exception {
    Set<String> names;
    try (Stream<Path> files = Files.list(run)) {
      names = files.map(f -> f.getFileName().toString()).collect(Collectors.toSet());
    }
    Set<String> expected =
        new TreeSet<>(
            List.of(
                ".lock",
                "run.json",
                "results.jsonl",
                "inputs.npy",
                "summary.csv",
                "networks.csv",
                "relative-error.svg",
                "least-eigenvalue.svg",
                "report.html"));
    for (String limit : List.of("softplus-depth-inf", "softplus-depth-3")) {
      expected.add("limit-" + limit + ".json");
      expected.add("limit-ntk-" + limit + ".npy");
      expected.add("limit-nngp-" + limit + ".npy");
    }
    assertEquals(expected, new TreeSet<>(names));
  }

  @Test
  void manifestSaysWhatWasAskedAndWhatItWasComputedOn() throws Exception {
    JsonNode manifest = JSON.readTree(run.resolve("run.json").toFile());
    assertEquals("sweep", manifest.get("command").asText());
    assertEquals("[16,64,256]", manifest.get("configuration").get("widths").toString());
    assertEquals("[0,1,2]", manifest.get("configuration").get("seeds").toString());
    assertEquals("[\"rk4\",\"euler\"]", manifest.get("configuration").get("solvers").toString());
    assertTrue(manifest.get("data").get(0).get("sha256").asText().matches("[0-9a-f]{64}"));
    assertFalse(manifest.get("device").asText().isBlank());
    assertTrue(manifest.get("budget").get("deviceBytes").asLong() > 0);
  }

  /** ‖K − K∞‖/‖K∞‖ and λ_min again, from files of other commands for the same network. */
  @Test
  void resultIsThatOfTheKernelOfNtkAgainstTheLimitOnTheDisk() throws Exception {
    Path gram = parent.resolve("K.npy");
    Path inputs = parent.resolve("X.npy");
    Invocation.of(
            "ntk",
            "--width",
            64,
            "--seed",
            2,
            "--samples",
            12,
            "--depth",
            3,
            "--out",
            gram,
            "--inputs-out",
            inputs)
        .ended(0);
    DenseMatrix k = Npy.readFinite(gram);
    DenseMatrix limit = Npy.readFinite(run.resolve("limit-ntk-softplus-depth-inf.npy"));
    JsonNode result = null;
    for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
      JsonNode node = JSON.readTree(line);
      if (node.get("cell").toString().contains("\"rk4\",\"depth\":3,\"width\":64,\"seed\":2")) {
        result = node;
      }
    }
    assertEquals(k.distance(limit) / limit.norm(), result.get("relativeError").asDouble(), 1e-6);
    assertEquals(
        Spectrum.least(k).value(), result.get("leastEigenvalue").asDouble(), 1e-5 * k.norm());
    assertEquals(0, Npy.readFinite(inputs).distance(Npy.readFinite(run.resolve("inputs.npy"))));
    JsonNode summary = JSON.readTree(run.resolve("limit-softplus-depth-inf.json").toFile());
    assertEquals(Spectrum.least(limit).value(), summary.get("leastEigenvalue").asDouble(), 1e-12);
  }

  @Test
  void eulerIsSetAgainstTheLimitOfItsDepth() {
    Path euler = parent.resolve("euler.npy");
    Invocation.of("limit", "--samples", 12, "--depth", 3, "--out", euler, "-q").ended(0);
    DenseMatrix expected = Npy.readFinite(euler);
    assertEquals(
        0,
        expected.distance(Npy.readFinite(run.resolve("limit-ntk-softplus-depth-3.npy"))),
        1e-12 * expected.norm());
    assertTrue(
        expected.distance(Npy.readFinite(run.resolve("limit-ntk-softplus-depth-inf.npy")))
            > 1e-2 * expected.norm());
  }

  @Test
  void tablesAgreeWithTheResults() throws Exception {
    List<CSVRecord> networks = csv("networks.csv");
    List<String> lines = Files.readAllLines(run.resolve("results.jsonl"));
    assertEquals(18, lines.size());
    assertEquals(18, networks.size());
    for (int i = 0; i < 18; i++) {
      JsonNode node = JSON.readTree(lines.get(i));
      CSVRecord row = networks.get(i);
      assertEquals(node.get("cell").get("width").asText(), row.get("width"));
      assertEquals(node.get("cell").get("seed").asText(), row.get("seed"));
      assertEquals(
          node.get("relativeError").asDouble(), Double.parseDouble(row.get("relative error")));
      assertEquals(node.get("leastEigenvalue").asDouble(), Double.parseDouble(row.get("λ_min")));
    }
    List<CSVRecord> summary = csv("summary.csv");
    assertEquals(6, summary.size());
    double mean = 0;
    for (CSVRecord row : networks.subList(0, 3)) {
      mean += Double.parseDouble(row.get("relative error")) / 3;
    }
    assertEquals(mean, Double.parseDouble(summary.get(0).get("relative error")), 1e-15);
  }

  private static List<CSVRecord> csv(String name) throws Exception {
    return CSV.parse(new StringReader(Files.readString(run.resolve(name)))).getRecords();
  }

  @Test
  void errorFallsWithTheWidthAndFp32IsCheckedOncePerWidthAndFamily() throws Exception {
    JsonNode json = sweep.json();
    assertEquals(run.toString(), json.get("directory").asText());
    assertEquals(2, json.get("families").size());
    for (JsonNode family : json.get("families")) {
      assertTrue(family.get("rate").get("high").asDouble() < 0, family.toString());
      assertTrue(family.get("fp32").get("relativeDifference").asDouble() < 1e-5);
    }
    int checked = 0;
    for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
      JsonNode node = JSON.readTree(line);
      boolean has = !node.get("precisionError").isNull();
      assertEquals(node.get("cell").get("seed").asInt() == 0, has, line);
      checked += has ? 1 : 0;
    }
    assertEquals(6, checked);
  }

  @Test
  void plotsAreXmlAndTheReportNeedsNoOtherFile() throws Exception {
    for (String name : List.of("relative-error.svg", "least-eigenvalue.svg")) {
      DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(run.resolve(name).toFile());
    }
    String html = Files.readString(run.resolve("report.html"));
    assertTrue(html.startsWith("<!DOCTYPE html>"), html.substring(0, 40));
    Matcher source = Pattern.compile("(?:src|href)=\"(?!#|data:)([^\"]*)\"").matcher(html);
    assertFalse(source.find(), () -> "the report asks for " + source.group(1));
    assertFalse(html.contains("NaN"));
    String text = Invocation.of("report", run).ended(0).out();
    Matcher interval = Pattern.compile("confidence interval \\S+ … [^;]*").matcher(text);
    for (int family = 0; family < 2; family++) {
      assertTrue(interval.find(), text);
      assertTrue(html.contains(interval.group()), interval.group());
    }
  }
}
