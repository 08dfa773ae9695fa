package io.tangentflow.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.Activations;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Networks with all their parameters in one JSON file: an array of objects with
 *
 * <ul>
 *   <li>{@code activation}, {@code method} (a solver's name), {@code n}, {@code d}, {@code N},
 *       {@code L}, {@code T}, {@code sigmaU}, {@code sigmaW}, {@code sigmaV};
 *   <li>{@code U} (n rows of d), {@code W} (n rows of n), {@code v} (n numbers; one output), {@code
 *       X} (N rows of d);
 *   <li>and, if known, what to expect, all of it: {@code outputs} (N), {@code gradU}, {@code gradW}
 *       (N matrices as rows), {@code gradV} (N rows of n), {@code ntk} (N rows of N).
 * </ul>
 */
public final class NetworkFile {

  /**
   * One network.
   *
   * @param solver the name of a fixed-step method
   * @param depth L
   * @param inputs d×N
   * @param expected what another program computed, if the file says
   */
  public record Network(
      NeuralOde model,
      String solver,
      int depth,
      Parameters.Given parameters,
      DenseMatrix inputs,
      Optional<Expected> expected) {}

  /**
   * Expected results.
   *
   * @param outputs 1×N
   * @param gradU for each sample, n×d
   * @param gradW for each sample, n×n
   * @param gradV for each sample, 1×n
   * @param ntk N×N
   */
  public record Expected(
      DenseMatrix outputs,
      List<DenseMatrix> gradU,
      List<DenseMatrix> gradW,
      List<DenseMatrix> gradV,
      DenseMatrix ntk) {}

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final String REFERENCE = "reference-networks.json";

  private static final List<String> EXPECTED = List.of("outputs", "gradU", "gradW", "gradV", "ntk");

  private final Path path;

  private NetworkFile(Path path) {
    this.path = path;
  }

  /**
   * Reads all networks of a file.
   *
   * @throws DataFormat naming the network and the field that is missing or mis-sized
   */
  public static List<Network> read(Path path) {
    try {
      return new NetworkFile(path).parse(JSON.readTree(InputFile.bytes(path)));
    } catch (JsonProcessingException e) {
      long line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      // What Jackson adds in parentheses is about its own source object, not about the file.
      String why = e.getOriginalMessage().replaceFirst("(?s) \\(start marker at .*", "");
      throw new DataFormat(path, "line", line, "not JSON: " + why);
    } catch (NoSuchFileException e) {
      throw new DataFormat(path, "there is no such file", e);
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /**
   * Ten small networks whose expectations another program computed in FP64 by automatic
   * differentiation through the solver: five activations by Euler and RK4.
   */
  public static List<Network> reference() {
    try (InputStream in = NetworkFile.class.getResourceAsStream(REFERENCE)) {
      return new NetworkFile(Path.of(REFERENCE)).parse(JSON.readTree(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Network> parse(JsonNode root) {
    if (!root.isArray() || root.isEmpty()) {
      throw new DataFormat(path, "line", 1, "expected an array of at least one network");
    }
    List<Network> networks = new ArrayList<>();
    for (int i = 0; i < root.size(); i++) {
      networks.add(network(i, root.get(i)));
    }
    return networks;
  }

  private Network network(int index, JsonNode node) {
    try {
      return possibleNetwork(index, node);
    } catch (InvalidConfiguration e) {
      throw new DataFormat(path, "network", index, e.getMessage());
    }
  }

  private Network possibleNetwork(int index, JsonNode node) {
    int n = integer(index, node, "n");
    int d = integer(index, node, "d");
    int samples = integer(index, node, "N");
    NeuralOde model =
        new NeuralOde(
            d,
            n,
            1,
            number(index, node, "T"),
            number(index, node, "sigmaU"),
            number(index, node, "sigmaW"),
            number(index, node, "sigmaV"),
            Activations.named(field(index, node, "activation").asText()));
    Parameters.Given parameters =
        new Parameters.Given(
            matrix(index, node, "U", n, d),
            matrix(index, node, "W", n, n),
            row(index, node, "v", n));
    return new Network(
        model,
        field(index, node, "method").asText(),
        integer(index, node, "L"),
        parameters,
        matrix(index, node, "X", samples, d).transpose(),
        EXPECTED.stream().anyMatch(node::has)
            ? Optional.of(expected(index, node, n, d, samples))
            : Optional.empty());
  }

  private Expected expected(int index, JsonNode node, int n, int d, int samples) {
    for (String gradient : List.of("gradU", "gradW", "gradV")) {
      require(index, gradient, field(index, node, gradient), samples, "samples");
    }
    List<DenseMatrix> gradU = new ArrayList<>();
    List<DenseMatrix> gradW = new ArrayList<>();
    List<DenseMatrix> gradV = new ArrayList<>();
    for (int i = 0; i < samples; i++) {
      gradU.add(rows(index, "gradU", field(index, node, "gradU").path(i), n, d));
      gradW.add(rows(index, "gradW", field(index, node, "gradW").path(i), n, n));
      gradV.add(numbers(index, "gradV", field(index, node, "gradV").path(i), n));
    }
    return new Expected(
        row(index, node, "outputs", samples),
        gradU,
        gradW,
        gradV,
        matrix(index, node, "ntk", samples, samples));
  }

  private DenseMatrix matrix(int index, JsonNode node, String name, int rows, int columns) {
    return rows(index, name, field(index, node, name), rows, columns);
  }

  private DenseMatrix row(int index, JsonNode node, String name, int columns) {
    return numbers(index, name, field(index, node, name), columns);
  }

  private DenseMatrix rows(int index, String name, JsonNode values, int rows, int columns) {
    require(index, name, values, rows, "rows");
    // Before a matrix of the size that the file says is allocated.
    values.forEach(row -> require(index, name, row, columns, "numbers"));
    return DenseMatrix.ofRows(
        rows, columns, i -> numbers(index, name, values.get(i), columns).values());
  }

  private DenseMatrix numbers(int index, String name, JsonNode values, int count) {
    require(index, name, values, count, "numbers");
    double[] result = new double[count];
    for (int j = 0; j < count; j++) {
      JsonNode value = values.get(j);
      if (!value.isNumber()) {
        throw fault(index, name, "entry " + j + " is not a number");
      }
      result[j] = value.asDouble();
      if (!Double.isFinite(result[j])) {
        throw fault(index, name, "entry " + j + " is beyond the range of fp64");
      }
    }
    return new DenseMatrix(1, count, result);
  }

  private void require(int index, String name, JsonNode values, int count, String of) {
    if (!values.isArray() || values.size() != count) {
      throw fault(index, name, "expected " + count + " " + of + ", found " + values.size());
    }
  }

  private int integer(int index, JsonNode node, String name) {
    JsonNode value = field(index, node, name);
    if (!value.isInt() || value.asInt() < 1) {
      throw fault(index, name, "expected a positive integer, found " + value);
    }
    return value.asInt();
  }

  private double number(int index, JsonNode node, String name) {
    JsonNode value = field(index, node, name);
    if (!value.isNumber()) {
      throw fault(index, name, "expected a number, found " + value);
    }
    return value.asDouble();
  }

  private JsonNode field(int index, JsonNode node, String name) {
    JsonNode value = node.get(name);
    if (value == null) {
      throw fault(index, name, "is missing");
    }
    return value;
  }

  private DataFormat fault(int index, String name, String why) {
    return new DataFormat(path, "network", index, "field \"" + name + "\": " + why);
  }
}
