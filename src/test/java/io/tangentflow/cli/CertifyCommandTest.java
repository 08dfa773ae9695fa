package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertifyCommandTest {

  @TempDir private Path directory;

  private static Invocation certify(Object... more) {
    Object[] all = new Object[more.length + 2];
    all[0] = "certify";
    all[1] = "--quiet";
    System.arraycopy(more, 0, all, 2, more.length);
    return Invocation.of(all);
  }

  /** The eigenvalues are those of limit --out, by spectrum. */
  @Test
  void eigenvaluesAreThoseOfTheLimitingGram() {
    Path file = directory.resolve("K.npy");
    Invocation.of("limit", "--samples", 30, "--activation", "gelu", "--out", file, "-q").ended(0);
    JsonNode spectrum = Invocation.of("spectrum", file, "--json").ended(0).json();
    JsonNode certificate =
        certify("--samples", 30, "--activation", "gelu", "--json").ended(0).json();
    assertEquals("positive-definite", certificate.get("definiteness").asText());
    assertEquals(30, certificate.get("order").asInt());
    JsonNode least = certificate.get("leastEigenvalue");
    assertEquals(
        spectrum.get("leastEigenvalue").asDouble(),
        least.get("value").asDouble(),
        least.get("eigenSolver").asDouble());
    assertEquals(
        least.get("bound").asDouble(),
        least.get("evaluation").asDouble()
            + least.get("innerProducts").asDouble()
            + least.get("eigenSolver").asDouble(),
        1e-25);
    assertEquals(30 * certificate.get("entryError").asDouble(), least.get("evaluation").asDouble());
    assertEquals(
        30 * certificate.get("entryErrorOfInnerProducts").asDouble(),
        least.get("innerProducts").asDouble());
    double greatest = certificate.get("greatestEigenvalue").get("value").asDouble();
    assertEquals(spectrum.get("greatestEigenvalue").asDouble(), greatest, 1e-12 * greatest);
    assertEquals(
        greatest / least.get("value").asDouble(),
        certificate.get("conditionNumber").asDouble(),
        1e-12 * greatest / least.get("value").asDouble());
    assertEquals(6, certificate.get("assumptions").size());
  }

  /** And of that matrix the certificate has the solver's part alone. */
  @Test
  void aGivenMatrixIsTakenAsExact() {
    Path file = directory.resolve("K.npy");
    Npy.write(file, new DenseMatrix(2, 2, new double[] {2, 1, 1, 2}), ElementType.FP64);
    JsonNode certificate =
        certify("--gram", file, "--learning-rate", 0.5, "--json").ended(0).json();
    assertEquals("positive-definite", certificate.get("definiteness").asText());
    JsonNode least = certificate.get("leastEigenvalue");
    assertEquals(1, least.get("value").asDouble(), least.get("eigenSolver").asDouble());
    assertEquals(0, least.get("evaluation").asDouble());
    assertEquals(0, least.get("innerProducts").asDouble());
    JsonNode descent = certificate.get("gradientDescent");
    // λ = 1 and 3: factors |1 − 0.5·1| and |1 − 0.5·3|; the optimal one is 2/4 too.
    assertEquals(0.5, descent.get("chosen").get("learningRate").asDouble());
    assertEquals(0.5, descent.get("chosen").get("factor").asDouble(), 1e-14);
    assertEquals(1, descent.get("chosen").get("stepsToHalve").asDouble(), 1e-13);
    assertEquals(0.5, descent.get("optimal").get("learningRate").asDouble(), 1e-14);
    assertEquals(2 / 3.0, descent.get("greatestStableLearningRate").asDouble(), 1e-14);
    assertEquals(0.5, certificate.get("mostDependentPair").get("cosine").asDouble(), 1e-15);
    assertFalse(certificate.has("assumptions"));
  }

  @Test
  void aLearningRateThatIsTooHighIsSaidAndHasNoStepsToCount() {
    Path file = directory.resolve("K.npy");
    Npy.write(file, new DenseMatrix(2, 2, new double[] {2, 1, 1, 2}), ElementType.FP64);
    Invocation text = certify("--gram", file, "--learning-rate", 1).ended(0);
    assertTrue(text.out().contains("chosen is not stable"), text.out());
    JsonNode chosen =
        certify("--gram", file, "--learning-rate", 1, "--json")
            .ended(0)
            .json()
            .get("gradientDescent")
            .get("chosen");
    assertEquals(2, chosen.get("factor").asDouble(), 1e-14);
    assertTrue(chosen.get("stepsToHalve").isNull());
  }

  @Test
  void aRepeatedLineOfDataIsNamedAndLeavesNoRate() throws Exception {
    Path file = directory.resolve("a.csv");
    Files.writeString(file, "a,b\n1,2\n3,-1\n1,2\n");
    JsonNode certificate =
        certify("--data", "csv:" + file + "#", "--samples", 3, "--normalise", "none", "--json")
            .ended(0)
            .json();
    assertEquals("singular", certificate.get("definiteness").asText());
    assertEquals(1, certificate.get("duplicates").size());
    JsonNode pair = certificate.get("duplicates").get(0);
    JsonNode closest = certificate.get("closestPair");
    assertEquals("line", certificate.get("numbered").asText());
    assertEquals(Set.of(2, 4), Set.of(pair.get(0).asInt(), pair.get(1).asInt()));
    assertEquals(pair.get(0).asInt(), closest.get("first").asInt());
    assertEquals(pair.get(1).asInt(), closest.get("second").asInt());
    assertEquals(0, closest.get("distance").asDouble());
    assertTrue(
        certificate.get("singularBecause").get(0).asText().contains("repeats line"),
        certificate.toString());
    assertTrue(certificate.get("conditionNumber").isNull());
    assertTrue(certificate.get("gradientDescent").get("optimal").get("factor").isNull());
    Invocation text =
        certify("--data", "csv:" + file + "#", "--samples", 3, "--normalise", "none").ended(0);
    assertTrue(text.out().contains("Strictly positive definite: no\n"), text.out());
  }

  @Test
  void oneSampleHasACertificateToo() {
    JsonNode certificate = certify("--samples", 1, "--depth", 2, "--json").ended(0).json();
    assertEquals("positive-definite", certificate.get("definiteness").asText());
    assertEquals(1, certificate.get("conditionNumber").asDouble());
    assertFalse(certificate.has("closestPair"));
    assertEquals("2", certificate.get("depth").asText());
  }

  /** [[1, 1 + 1.2·10⁻⁵], [1 − 10⁻⁶, 1]], whose lower triangle alone is positive definite. */
  private Path asymmetric() {
    Path file = directory.resolve("asymmetric.npy");
    Npy.write(
        file, new DenseMatrix(2, 2, new double[] {1, 0.999999, 1.000012, 1}), ElementType.FP64);
    return file;
  }

  @Test
  void asymmetryIsInTheBoundsSoThatItDecidesNoSign() {
    Path file = asymmetric();
    JsonNode certificate = certify("--gram", file, "--json").ended(0).json();
    assertEquals("undecided", certificate.get("definiteness").asText());
    for (String name : new String[] {"leastEigenvalue", "greatestEigenvalue"}) {
      JsonNode eigenvalue = certificate.get(name);
      assertEquals(6.5e-6, eigenvalue.get("evaluation").asDouble(), 1e-15);
      assertEquals(6.5e-6, eigenvalue.get("bound").asDouble(), 1e-13);
    }
    assertEquals(-5.5e-6, certificate.get("leastEigenvalue").get("value").asDouble(), 1e-14);
    String text = certify("--gram", file).ended(0).out();
    assertTrue(text.contains("not exactly symmetric"), text);

    JsonNode whole = Invocation.of("spectrum", file, "--json").ended(0).json();
    assertEquals(-5.5e-6, whole.get("leastEigenvalue").asDouble(), 1e-14);
    assertEquals(6.5e-6, whole.get("leastEigenvalueError").asDouble(), 1e-13);
    assertEquals(1, whole.get("zeroWithinError").asInt());
    JsonNode ends = Invocation.of("spectrum", file, "--extreme", 1, "--json").ended(0).json();
    for (JsonNode bounded : new JsonNode[] {ends.get("least").get(0), ends.get("verifiedLeast")}) {
      assertEquals(-5.5e-6, bounded.get("value").asDouble(), 1e-14);
      assertEquals(6.5e-6, bounded.get("bound").asDouble(), 1e-13);
    }
    for (Object[] words : new Object[][] {{"spectrum", file}, {"spectrum", file, "--extreme", 1}}) {
      String told = Invocation.of(words).ended(0).out();
      assertTrue(told.contains("½‖K − Kᵀ‖ ≤ 6.5e-06"), told);
    }
  }

  /** A sign that the asymmetry leaves is told, with what it is under. */
  @Test
  void asymmetryLeavesALargerEigenvalueItsSign() {
    Path file = directory.resolve("K.npy");
    Npy.write(file, new DenseMatrix(2, 2, new double[] {2, 1, 1 + 1e-7, 2}), ElementType.FP64);
    String text = certify("--gram", file).ended(0).out();
    assertTrue(text.contains("yes (its entries taken as exact but for their asymmetry)"), text);
    Npy.write(file, new DenseMatrix(2, 2, new double[] {2, 1, 1, 2}), ElementType.FP64);
    String exact = certify("--gram", file).ended(0).out();
    assertTrue(exact.contains("yes (its entries taken as exact)\n"), exact);
    assertFalse(exact.contains("symmetric"), exact);
  }

  /** Entries that differ in their last bit: one of both is the rounded mean. */
  @Test
  void asymmetryOfOneBitIsCountedInFull() {
    Path file = directory.resolve("K.npy");
    double one = Math.nextUp(0.5);
    Npy.write(
        file, new DenseMatrix(2, 2, new double[] {1, one, Math.nextUp(one), 1}), ElementType.FP64);
    JsonNode certificate = certify("--gram", file, "--json").ended(0).json();
    assertEquals(Math.ulp(0.5), certificate.get("leastEigenvalue").get("evaluation").asDouble());
  }

  @Test
  void predictionsCountTheAsymmetryAmongTheErrorsOfEigenvalues() {
    Path targets = directory.resolve("y.npy");
    Npy.write(targets, new DenseMatrix(2, 1, new double[] {1, -1}), ElementType.FP64);
    Object[] words = {
      "predict",
      "--gram",
      asymmetric(),
      "--targets-file",
      targets,
      "--samples",
      1,
      "--test-samples",
      1,
      "--times",
      "1",
      "--learning-rate",
      "1"
    };
    Invocation predict = Invocation.of(words).ended(0);
    assertTrue(predict.out().contains("not counted, but for their asymmetry."), predict.out());
  }
}
