package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluateCommandTest {

  private static final Path REFERENCE =
      Path.of("src/main/resources/io/tangentflow/data/reference-networks.json");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"cpu-vector", "cpu-scalar"})
  void referenceNetworksAgreeInFp64(String backend) {
    JsonNode result =
        Invocation.of("evaluate", REFERENCE, "--precision", "fp64", "--backend", backend, "--json")
            .ended(0)
            .json();
    assertEquals(1e-11, result.get("tolerance").asDouble());
    assertEquals(10, result.get("networks").size());
    for (JsonNode network : result.get("networks")) {
      assertTrue(network.get("agrees").asBoolean(), network.get("network").asText());
      assertEquals(2, network.get("outputs").size());
      assertEquals(2, network.get("ntk").size());
      assertEquals(5, network.get("gradW").get(0).size());
      assertEquals(3, network.get("gradU").get(0).get(0).size());
    }
  }

  @Test
  void networkBeyondTheRangeOfFp32IsNamedAndTheOthersAgree() throws Exception {
    JsonNode expected = JSON.readTree(REFERENCE.toFile());
    JsonNode result =
        Invocation.of("evaluate", REFERENCE, "--precision", "fp32", "--json").ended(7).json();
    int overflows = 0;
    for (int i = 0; i < expected.size(); i++) {
      JsonNode network = result.get("networks").get(i);
      if (expected.get(i).get("outputs").get(0).asDouble() > Float.MAX_VALUE) {
        overflows++;
        assertTrue(network.get("failure").asText().contains("not finite"), network.toString());
        assertEquals("7 quadratic rk4 with 4 steps", network.get("network").asText());
      } else {
        assertTrue(network.get("largestDifference").asDouble() <= 1e-4, network.toString());
      }
    }
    assertEquals(1, overflows);
    String text = Invocation.of("evaluate", REFERENCE).ended(7).out();
    assertTrue(text.contains("not finite"), text);
  }

  @Test
  void disagreementIsNamedAndEndsWithOne() throws Exception {
    Path file = changed(network -> ((ArrayNode) network.get("ntk").get(0)).set(0, 1.25));
    Invocation evaluate = Invocation.of("evaluate", file, "--precision", "fp64").ended(1);
    assertTrue(evaluate.out().contains("DIFFERS"), evaluate.out());
  }

  @Test
  void networkWithoutExpectationsIsEvaluatedAndNotJudged() throws Exception {
    Path file =
        changed(network -> network.remove(List.of("outputs", "gradU", "gradW", "gradV", "ntk")));
    JsonNode network =
        Invocation.of("evaluate", file, "--precision", "fp64", "--json")
            .ended(0)
            .json()
            .get("networks")
            .get(0);
    assertFalse(network.has("agrees"));
    assertEquals(
        JSON.readTree(REFERENCE.toFile()).get(0).get("outputs").get(0).asDouble(),
        network.get("outputs").get(0).asDouble(),
        1e-11);
  }

  /** The first reference network, changed, alone in a file. */
  private Path changed(Consumer<ObjectNode> change) throws Exception {
    ObjectNode network = (ObjectNode) JSON.readTree(REFERENCE.toFile()).get(0);
    change.accept(network);
    return Files.write(
        directory.resolve("network.json"),
        JSON.writeValueAsBytes(JSON.createArrayNode().add(network)));
  }

  private record Fault(String name, Consumer<ObjectNode> change, String words) {}

  @TestFactory
  Stream<DynamicTest> malformedNetworkIsOneSentenceThatNamesTheField() {
    return Stream.of(
            new Fault("missing W", n -> n.remove("W"), "network 0: field \"W\": is missing"),
            new Fault("missing T", n -> n.remove("T"), "\"T\": is missing"),
            new Fault("U too short", n -> ((ArrayNode) n.get("U")).remove(0), "expected 5 rows"),
            new Fault(
                "ragged W", n -> ((ArrayNode) n.get("W").get(1)).add(1), "expected 5 numbers"),
            new Fault("negative n", n -> n.put("n", -5), "\"n\": expected a positive integer"),
            new Fault("fractional L", n -> n.put("L", 2.5), "\"L\": expected a positive integer"),
            new Fault("huge n", n -> n.put("n", 2_000_000_000), "expected 2000000000 rows"),
            new Fault(
                "text in X", n -> ((ArrayNode) n.get("X").get(0)).set(0, "a"), "not a number"),
            new Fault("negative T", n -> n.put("T", -1), "--horizon: must be a positive number"),
            new Fault(
                "unknown activation", n -> n.put("activation", "swish"), "no activation 'swish'"),
            new Fault("unknown solver", n -> n.put("method", "rk5"), "no solver 'rk5'"),
            new Fault("gradients without outputs", n -> n.remove("outputs"), "\"outputs\""),
            new Fault("one gradient too few", n -> ((ArrayNode) n.get("gradU")).remove(0), "gradU"))
        .map(
            fault ->
                DynamicTest.dynamicTest(
                    fault.name(), () -> assertRefused(changed(fault.change()), fault.words())));
  }

  @TestFactory
  Stream<DynamicTest> fileThatIsNotAListOfNetworksIsRefused() {
    return Stream.of(
            new String[] {"", "array"},
            new String[] {"{}", "array"},
            new String[] {"[]", "at least one network"},
            new String[] {"[{]", "not JSON"},
            new String[] {"[1]", "missing"},
            new String[] {"[{\"n\": 1e400}]", "positive integer"},
            new String[] {"U,W\n1,2", "not JSON"},
            new String[] {"[".repeat(5000), "not JSON"})
        .map(
            c ->
                DynamicTest.dynamicTest(
                    "'" + c[0].substring(0, Math.min(20, c[0].length())) + "'",
                    () ->
                        assertRefused(
                            Files.writeString(directory.resolve("network.json"), c[0]), c[1])));
  }

  @Test
  void textAfterTheNetworksIsRefused() throws Exception {
    Path file = changed(network -> {});
    Files.writeString(file, Files.readString(file) + " nonsense");
    assertRefused(file, "not JSON");
  }

  private static void assertRefused(Path file, String words) {
    Invocation evaluate = Invocation.of("evaluate", file).ended(3);
    assertEquals("", evaluate.out());
    assertEquals(1, evaluate.err().lines().count(), evaluate.err());
    assertTrue(evaluate.err().contains(file.toString()), evaluate.err());
    assertTrue(evaluate.err().contains(words), evaluate.err());
  }
}
