package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.CudaEmulator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole commands on the emulated CUDA device, against the CPU. */
@Tag("emulator")
class EmulatedDeviceTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path REFERENCE =
      Path.of("src/main/resources/io/tangentflow/data/reference-networks.json");

  @TempDir private Path scratch;

  @BeforeEach
  void requireEmulator() {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
  }

  @Test
  void infoTellsTheDevice() {
    JsonNode cuda = Invocation.of("info", "--json").ended(0).json().get("backends").get(0);
    assertEquals("cuda", cuda.get("name").asText());
    assertTrue(cuda.get("usable").asBoolean());
    assertTrue(cuda.get("reason").asText().contains("emulation"), cuda.toString());
  }

  @Test
  void referenceNetworksAgreeInFp64() {
    Invocation.of("evaluate", REFERENCE, "--precision", "fp64", "--backend", "cuda").ended(0);
  }

  @Test
  void referenceNetworksAgreeInFp32ButForTheOneBeyondItsRange() {
    JsonNode result =
        Invocation.of("evaluate", REFERENCE, "--precision", "fp32", "--backend", "cuda", "--json")
            .ended(7)
            .json();
    int agreeing = 0;
    for (JsonNode network : result.get("networks")) {
      agreeing += network.path("agrees").asBoolean(false) ? 1 : 0;
    }
    assertEquals(9, agreeing);
  }

  /** The convergence in the width that quickstart shows, at widths that the emulator can do. */
  @ParameterizedTest
  @ValueSource(strings = {"fp32", "fp64"})
  void aWidthSweepGivesTheNumbersOfTheCpu(String precision) throws Exception {
    List<JsonNode> cuda = sweep("cuda", precision);
    List<JsonNode> cpu = sweep("cpu-vector", precision);
    assertEquals(6, cuda.size());
    double tolerance = precision.equals("fp64") ? 1e-10 : 2e-5;
    for (int i = 0; i < cpu.size(); i++) {
      assertEquals(cpu.get(i).get("cell"), cuda.get(i).get("cell"));
      double greatest = cpu.get(i).get("greatestEigenvalue").asDouble();
      for (String value : List.of("leastEigenvalue", "greatestEigenvalue")) {
        assertEquals(
            cpu.get(i).get(value).asDouble(),
            cuda.get(i).get(value).asDouble(),
            tolerance * greatest,
            value);
      }
      assertEquals(
          cpu.get(i).get("relativeError").asDouble(),
          cuda.get(i).get("relativeError").asDouble(),
          tolerance);
    }
  }

  private List<JsonNode> sweep(String backend, String precision) throws Exception {
    Path run = scratch.resolve(backend);
    Invocation.of(
            "sweep",
            "--backend",
            backend,
            "--precision",
            precision,
            "--width",
            "8,16,32",
            "--seeds",
            2,
            "--samples",
            8,
            "--depth",
            3,
            "--out",
            run)
        .ended(0);
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
      lines.add(JSON.readTree(line));
    }
    assertTrue(
        JSON.readTree(run.resolve("run.json").toFile()).get("device").asText().startsWith(backend));
    return lines;
  }

  @Test
  void theKernelOfOneNetworkIsThatOfTheCpuAndCurandsIsAnother() {
    DenseMatrix cpu = ntk("cpu-vector", "philox");
    assertEquals(0, ntk("cuda", "philox").distance(cpu) / cpu.norm(), 1e-12);
    DenseMatrix other = ntk("cuda", "curand");
    double difference = other.distance(cpu) / cpu.norm();
    assertTrue(difference > 1e-3 && difference < 1, "" + difference);
  }

  private DenseMatrix ntk(String backend, String rng) {
    Path out = scratch.resolve(backend + rng + ".npy");
    Invocation.of(
            "ntk",
            "--backend",
            backend,
            "--rng",
            rng,
            "--precision",
            "fp64",
            "--width",
            40,
            "--samples",
            6,
            "--depth",
            3,
            "--out",
            out)
        .ended(0);
    return Npy.readFinite(out);
  }

  /** At few samples by a block for each network, at more by batches of products. */
  @ParameterizedTest
  @ValueSource(ints = {1, 10})
  void anEnsembleHasTheOutputsOfTheCpu(int samples) {
    DenseMatrix cpu = ensemble("cpu-vector", samples);
    DenseMatrix cuda = ensemble("cuda", samples);
    assertEquals(40, cuda.rows());
    assertEquals(0, cuda.distance(cpu) / cpu.norm(), 1e-12);
  }

  private DenseMatrix ensemble(String backend, int samples) {
    Path out = scratch.resolve(backend + ".npy");
    Invocation.of(
            "ensemble",
            "--backend",
            backend,
            "--precision",
            "fp64",
            "--networks",
            40,
            "--width",
            24,
            "--samples",
            samples,
            "--depth",
            3,
            "--out",
            out)
        .ended(0);
    return Npy.readFinite(out);
  }

  /**
   * Both sum the same products in orders of their own: a step adds some dozens of roundings of
   * every loss, which eight steps do not amplify.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--learning-rate 0.02",
        "--optimiser momentum --learning-rate 0.01 --mean",
        "--optimiser adam --learning-rate 0.01 --batch-size 3 --loss cross-entropy"
      })
  void aTrainingFollowsTheOneOfTheCpu(String how) {
    for (String precision : List.of("fp64", "fp32")) {
      double tolerance = precision.equals("fp64") ? 1e-12 : 1e-4;
      JsonNode cpu = train("cpu-vector", precision, how);
      JsonNode cuda = train("cuda", precision, how);
      String losses = how.contains("--batch-size") ? "batchLoss" : "trainLoss";
      JsonNode expected = cpu.get("series").get(losses).get("values");
      JsonNode seen = cuda.get("series").get(losses).get("values");
      assertTrue(expected.size() >= 8);
      assertEquals(expected.size(), seen.size());
      double first = expected.get(0).asDouble();
      for (int k = 0; k < seen.size(); k++) {
        assertEquals(
            expected.get(k).asDouble(), seen.get(k).asDouble(), tolerance * first, "step " + k);
      }
    }
  }

  private JsonNode train(String backend, String precision, String how) {
    List<Object> words =
        new ArrayList<>(
            List.of(
                "train",
                "--backend",
                backend,
                "--precision",
                precision,
                "--width",
                24,
                "--samples",
                7,
                "--test-samples",
                2,
                "--depth",
                2,
                "--steps",
                8,
                "--predict",
                "none",
                "--json",
                "--out",
                scratch.resolve(backend + precision)));
    words.addAll(List.of(how.split(" ", -1)));
    return Invocation.of(words.toArray()).ended(0).json();
  }

  @Test
  void aBudgetBeyondTheDevicesMemoryIsRefused() {
    Invocation refused = Invocation.of("ntk", "--backend", "cuda", "--memory", "900g").ended(2);
    assertTrue(refused.err().contains("free on the device"), refused.err());
    Invocation tooLittle = Invocation.of("ntk", "--backend", "cuda", "--memory", "100k").ended(5);
    assertTrue(tooLittle.err().contains("of device memory"), tooLittle.err());
  }

  @Test
  void anActivationWithoutAKernelIsRefusedInOneSentence() {
    for (String command : new String[] {"ntk", "ensemble", "gradient"}) {
      Invocation refused =
          Invocation.of(
                  command, "--backend", "cuda", "--activation", "cosine", "--samples", 2, "-q")
              .ended(2);
      assertEquals(
          "tangentflow: --activation: cosine has no CUDA kernel; use a CPU backend, or add one to"
              + " cuda-kernels\n",
          refused.err(),
          command);
    }
  }
}
