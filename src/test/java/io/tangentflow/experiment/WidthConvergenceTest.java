package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.backend.Precision;
import io.tangentflow.report.Numbers;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.SmallRun;
import io.tangentflow.sweep.SweepConfiguration;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.apache.commons.math3.stat.regression.SimpleRegression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WidthConvergenceTest {

  private static final List<Integer> WIDTHS = List.of(64, 128, 256, 512);
  private static final List<Long> SEEDS = List.of(0L, 1L, 2L);

  @TempDir private Path directory;

  private static SweepConfiguration softplus(
      List<Integer> widths, List<Long> seeds, Precision precision) {
    return SmallRun.configuration(
        List.of("softplus"), List.of("rk4"), List.of(5), widths, seeds, precision);
  }

  /** Scatter about 3 n^(−1/2) that is no function of the width. */
  private static double scattered(int width, long seed) {
    return 3 / Math.sqrt(width) * Math.exp(0.1 * Math.sin(width + 7.0 * seed));
  }

  private WidthConvergence of(
      SweepConfiguration configuration,
      ToDoubleBiFunction<Integer, Long> error,
      ToDoubleBiFunction<Integer, Long> least,
      Double precisionError) {
    try (RunDirectory run =
        SmallRun.of(directory.resolve("run"), configuration, error, least, precisionError)) {
      WidthConvergence convergence = WidthConvergence.of(run);
      convergence.write(run);
      return convergence;
    }
  }

  private String written(String name) throws Exception {
    return Files.readString(directory.resolve("run").resolve(name));
  }

  @Test
  void slopeAndItsIntervalAreThoseOfAnOrdinaryRegression() throws Exception {
    WidthConvergence convergence =
        of(
            softplus(WIDTHS, SEEDS, Precision.FP64),
            WidthConvergenceTest::scattered,
            (w, s) -> 0.2,
            null);
    SimpleRegression regression = new SimpleRegression();
    for (int width : WIDTHS) {
      for (long seed : SEEDS) {
        regression.addData(Math.log(width), Math.log(scattered(width, seed)));
      }
    }
    double half = regression.getSlopeConfidenceInterval(0.05);
    JsonNode rate = convergence.json().get("families").get(0).get("rate");
    assertEquals(regression.getSlope(), rate.get("slope").asDouble(), 1e-12);
    assertEquals(regression.getSlope() - half, rate.get("low").asDouble(), 1e-12);
    assertEquals(regression.getSlope() + half, rate.get("high").asDouble(), 1e-12);
    assertTrue(half > 0.01, "the interval is not empty");
    assertEquals(-0.5, regression.getSlope(), 0.1);
    String slope = Numbers.significant(regression.getSlope(), 3);
    assertTrue(convergence.findings().get(0).contains("falls like n^" + slope));
  }

  @Test
  void errorThatGrowsIsNotSaidToFall() {
    String finding =
        of(
                softplus(WIDTHS, SEEDS, Precision.FP64),
                (width, seed) -> 0.01 * Math.pow(width, 0.25),
                (w, s) -> 0.2,
                null)
            .findings()
            .get(0);
    assertTrue(finding.contains("grows like n^0.250"), finding);
  }

  @Test
  void exactPowerLawIsFoundExactly() {
    JsonNode rate =
        of(
                softplus(WIDTHS, SEEDS, Precision.FP64),
                (width, seed) -> 2 * Math.pow(width, -0.75),
                (w, s) -> 0.2,
                null)
            .json()
            .get("families")
            .get(0)
            .get("rate");
    assertEquals(-0.75, rate.get("slope").asDouble(), 1e-12);
    assertEquals(-0.75, rate.get("low").asDouble(), 1e-6);
    assertEquals(-0.75, rate.get("high").asDouble(), 1e-6);
  }

  @Test
  void meansAndStandardErrorsAreThoseOfTheSeeds() throws Exception {
    WidthConvergence convergence =
        of(
            softplus(List.of(64, 256), List.of(0L, 1L), Precision.FP64),
            (width, seed) -> width == 64 ? 0.3 + 0.2 * seed : 0.1,
            (width, seed) -> 0.2 - 0.1 * seed,
            null);
    JsonNode widths = convergence.json().get("families").get(0).get("widths");
    assertEquals(0.4, widths.get(0).get("relativeError").asDouble(), 1e-15);
    assertEquals(0.1, widths.get(0).get("relativeErrorError").asDouble(), 1e-15);
    assertEquals(0.15, widths.get(1).get("leastEigenvalue").asDouble(), 1e-15);
    assertEquals(0.05, widths.get(1).get("leastEigenvalueError").asDouble(), 1e-15);
    List<CSVRecord> rows = csv("summary.csv");
    assertEquals(2, rows.size());
    assertEquals("softplus, 5 rk4 steps", rows.get(0).get("networks"));
    assertEquals("256", rows.get(1).get("width"));
    assertEquals("2", rows.get(1).get("seeds"));
    assertEquals(0.4, Double.parseDouble(rows.get(0).get("relative error")), 1e-15);
    assertEquals(0.1, Double.parseDouble(rows.get(0).get("relative error error")), 1e-15);
    assertEquals("0.25", rows.get(0).get("λ_min of the limit"));
    List<CSVRecord> networks = csv("networks.csv");
    assertEquals(4, networks.size());
    assertEquals("1", networks.get(1).get("seed"));
    assertEquals(0.5, Double.parseDouble(networks.get(1).get("relative error")), 0);
  }

  private List<CSVRecord> csv(String name) throws Exception {
    CSVFormat format = CSVFormat.DEFAULT.builder().setHeader().setSkipHeaderRecord(true).get();
    return format.parse(new StringReader(written(name))).getRecords();
  }

  @Test
  void oneSeedHasNoStandardErrorAndStillARate() throws Exception {
    WidthConvergence convergence =
        of(
            softplus(WIDTHS, List.of(0L), Precision.FP64),
            WidthConvergenceTest::scattered,
            (w, s) -> 0.2,
            null);
    JsonNode family = convergence.json().get("families").get(0);
    assertTrue(family.has("rate"));
    assertFalse(family.get("widths").get(0).has("relativeErrorError"));
    assertFalse(written("report.html").contains("NaN"));
  }

  @Test
  void oneWidthHasNoRateAndTheReportSaysWhatOneNeeds() throws Exception {
    WidthConvergence convergence =
        of(
            softplus(List.of(64), SEEDS, Precision.FP64),
            WidthConvergenceTest::scattered,
            (w, s) -> 0.2,
            null);
    assertFalse(convergence.json().get("families").get(0).has("rate"));
    assertTrue(convergence.findings().get(0).contains("at least two widths"));
    assertFalse(written("relative-error.svg").contains("NaN"));
    assertFalse(written("report.html").contains("NaN"));
  }

  @Test
  void oneNetworkIsReported() throws Exception {
    of(
        softplus(List.of(64), List.of(4L), Precision.FP64),
        WidthConvergenceTest::scattered,
        (w, s) -> 0.2,
        null);
    assertFalse(written("report.html").contains("NaN"));
    assertFalse(written("least-eigenvalue.svg").contains("NaN"));
  }

  @Test
  void unfinishedRunIsSaidToBe() throws Exception {
    WidthConvergence whole =
        of(
            softplus(WIDTHS, SEEDS, Precision.FP64),
            WidthConvergenceTest::scattered,
            (w, s) -> 0.2,
            null);
    assertFalse(whole.findings().get(0).contains("finished"));
    Path results = directory.resolve("run").resolve("results.jsonl");
    Files.write(results, Files.readAllLines(results).subList(0, 5));
    try (RunDirectory run = RunDirectory.open(directory.resolve("run"))) {
      WidthConvergence part = WidthConvergence.of(run);
      String first = part.findings().get(0);
      assertTrue(first.contains("5 of 12 networks are finished"), first);
      assertEquals(5, part.json().get("finished").asInt());
      assertEquals(12, part.json().get("networks").asInt());
    }
  }

  @Test
  void leastEigenvaluesOfManyMagnitudesAreDrawnOnALogarithmicAxis() throws Exception {
    of(
        softplus(WIDTHS, SEEDS, Precision.FP64),
        WidthConvergenceTest::scattered,
        (width, seed) -> width == 64 ? 1e-4 : 0.2,
        null);
    assertTrue(written("least-eigenvalue.svg").contains("10⁻³"));
  }

  /** Solvers other than Euler's are all set against the continuum. */
  @Test
  void limitThatFamiliesShareIsDrawnAndListedOnce() throws Exception {
    SweepConfiguration configuration =
        SmallRun.configuration(
            List.of("softplus", "relu"),
            List.of("euler", "heun", "rk4"),
            List.of(2, 5),
            List.of(64, 128),
            SEEDS,
            Precision.FP64);
    WidthConvergence convergence =
        of(configuration, WidthConvergenceTest::scattered, (w, s) -> 0.2, null);
    assertEquals(12, convergence.json().get("families").size());
    long asInTheory = 0;
    for (JsonNode family : convergence.json().get("families")) {
      JsonNode rate = family.get("rate");
      asInTheory +=
          rate.get("low").asDouble() <= -0.5 && rate.get("high").asDouble() >= -0.5 ? 1 : 0;
    }
    List<String> findings = convergence.findings();
    assertTrue(findings.get(0).startsWith("Over 12 kinds of networks"), findings.get(0));
    assertTrue(
        findings.get(0).endsWith("interval of " + asInTheory + " of them."), findings.get(0));
    assertTrue(
        findings.get(1).startsWith("All together: every one of " + 24 * SEEDS.size()),
        findings.get(1));
    String plot = written("least-eigenvalue.svg");
    for (String limit :
        List.of(
            "softplus, L → ∞",
            "softplus, L = 2",
            "softplus, L = 5",
            "relu, L → ∞",
            "relu, L = 2",
            "relu, L = 5")) {
      assertEquals(1, count(plot, "limit of " + limit + "<"), limit);
    }
    JsonNode families = convergence.json().get("families");
    for (JsonNode family : families) {
      String name = family.get("name").asText();
      String limit = family.get("limit").get("name").asText();
      assertTrue(limit.startsWith(name.substring(0, name.indexOf(','))), name);
      assertEquals(!name.contains("euler"), limit.endsWith("-inf"), name);
    }
  }

  private static int count(String text, String part) {
    return (text.length() - text.replace(part, "").length()) / part.length();
  }

  @Test
  void negativeLeastEigenvaluesAreCountedAndShown() throws Exception {
    WidthConvergence convergence =
        of(
            softplus(WIDTHS, SEEDS, Precision.FP64),
            WidthConvergenceTest::scattered,
            (width, seed) -> width == 64 ? -0.125 : 0.2,
            null);
    String finding = convergence.findings().get(1);
    assertTrue(
        finding.contains("3 of 12 tangent kernels have a least eigenvalue ≤ 0 (down"), finding);
    assertTrue(finding.contains("−0.125"), finding);
    assertFalse(written("least-eigenvalue.svg").contains("NaN"));
  }

  /** {@link SmallRun} states an error of 1e-14 for each. */
  @Test
  void leastEigenvalueWithinTheSolversErrorIsNotCalledPositive() {
    String finding =
        of(
                softplus(WIDTHS, SEEDS, Precision.FP64),
                WidthConvergenceTest::scattered,
                (width, seed) -> width == 64 ? 1e-15 : 0.2,
                null)
            .findings()
            .get(1);
    assertTrue(
        finding.contains("3 of 12 tangent kernels have a least eigenvalue that cannot be told"),
        finding);
  }

  /** {@link SmallRun} states a bound of 5e-12 for each. */
  @ParameterizedTest
  @EnumSource(names = {"FP64", "FP32"})
  void leastEigenvalueWithinTheRoundingOfProductsIsNotCalledPositiveWhereNothingWasMeasured(
      Precision precision) {
    String finding =
        of(
                softplus(WIDTHS, SEEDS, precision),
                WidthConvergenceTest::scattered,
                (width, seed) -> width == 64 ? 4e-12 : width == 128 ? -4e-12 : 6e-12,
                null)
            .findings()
            .get(1);
    assertTrue(
        finding.contains("6 of 12 tangent kernels have a least eigenvalue that cannot be told"),
        finding);
    assertTrue(finding.contains("uncertain by up to 5.0×10⁻¹²"), finding);
    assertFalse(finding.contains("≤ 0"), finding);
  }

  @Test
  void differenceOfFp32IsStatedForEveryFamilyWithWhatItMeansForTheLeastEigenvalue() {
    SweepConfiguration configuration =
        SmallRun.configuration(
            List.of("softplus", "relu"), List.of("rk4"), List.of(5), WIDTHS, SEEDS, Precision.FP32);
    WidthConvergence convergence =
        of(configuration, WidthConvergenceTest::scattered, (w, s) -> 0.2, 3e-7);
    List<String> findings =
        convergence.findings().stream().filter(f -> f.contains("FP32")).toList();
    assertEquals(2, findings.size());
    assertTrue(findings.get(0).startsWith("softplus, 5 rk4 steps: "), findings.get(0));
    assertTrue(findings.get(1).startsWith("relu, 5 rk4 steps: "), findings.get(1));
    for (String finding : findings) {
      assertTrue(finding.contains("FP64 by 3.0×10⁻⁷"), finding);
      assertTrue(finding.contains("uncertain by about 3.0×10⁻⁶"), finding);
      assertFalse(finding.contains("--precision"), finding);
    }
    JsonNode fp32 = convergence.json().get("families").get(0).get("fp32");
    assertEquals(3e-7, fp32.get("relativeDifference").asDouble(), 1e-20);
    assertEquals(3e-6, fp32.get("leastEigenvalueUncertainty").asDouble(), 1e-18);
  }

  @Test
  void leastEigenvalueBelowWhatFp32ResolvesIsSaidToBe() {
    List<String> findings =
        of(
                softplus(WIDTHS, SEEDS, Precision.FP32),
                WidthConvergenceTest::scattered,
                (w, s) -> 1e-7,
                3e-7)
            .findings();
    assertTrue(findings.get(1).contains("12 of 12 tangent kernels"), findings.get(1));
    assertTrue(findings.get(1).contains("cannot be told from 0"), findings.get(1));
    assertTrue(findings.get(2).contains("--precision fp64 would resolve it"), findings.get(2));
  }

  @Test
  void leastEigenvaluesOfRoundingSizeAreNeitherPositiveNorNegative() {
    String finding =
        of(
                softplus(WIDTHS, SEEDS, Precision.FP64),
                WidthConvergenceTest::scattered,
                (width, seed) -> width == 64 ? -1e-20 : 1e-20,
                null)
            .findings()
            .get(1);
    assertTrue(finding.contains("12 of 12 tangent kernels"), finding);
    assertTrue(finding.contains("cannot be told from 0"), finding);
    assertFalse(finding.contains("definite"), finding);
    assertFalse(finding.contains("≤ 0"), finding);
  }

  @Test
  void fp32WithoutAnyCheckSaysSoAndFp64SaysNothing() {
    List<String> findings =
        of(
                softplus(WIDTHS, SEEDS, Precision.FP32),
                WidthConvergenceTest::scattered,
                (w, s) -> 0.2,
                null)
            .findings();
    assertTrue(findings.get(2).contains("is not known"), findings.get(2));
    assertTrue(findings.get(2).contains("width 64, 128, 256, 512"), findings.get(2));
  }

  @Test
  void fp64HasNoSentenceOnPrecision() {
    List<String> findings =
        of(
                softplus(WIDTHS, SEEDS, Precision.FP64),
                WidthConvergenceTest::scattered,
                (w, s) -> 0.2,
                null)
            .findings();
    assertEquals(2, findings.size());
  }

  @Test
  void plotsAreWellFormedXml() throws Exception {
    of(
        softplus(WIDTHS, SEEDS, Precision.FP32),
        WidthConvergenceTest::scattered,
        (w, s) -> 0.2,
        3e-7);
    for (String name : List.of("relative-error.svg", "least-eigenvalue.svg")) {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(directory.resolve("run").resolve(name).toFile());
    }
  }

  @Test
  void missingLimitIsNamed() throws Exception {
    of(
        softplus(WIDTHS, SEEDS, Precision.FP64),
        WidthConvergenceTest::scattered,
        (w, s) -> 0.2,
        null);
    Files.delete(directory.resolve("run/limit-softplus-depth-inf.json"));
    try (RunDirectory run = RunDirectory.open(directory.resolve("run"))) {
      DataFormat failure = assertThrows(DataFormat.class, () -> WidthConvergence.of(run));
      assertTrue(failure.getMessage().contains("softplus-depth-inf"), failure.getMessage());
    }
  }
}
