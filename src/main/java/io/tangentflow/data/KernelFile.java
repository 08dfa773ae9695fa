package io.tangentflow.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.backend.DotProductSeries.Argument;
import io.tangentflow.kernel.limit.DotProductKernel;
import io.tangentflow.kernel.limit.DotProductKernel.Scaling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A dot-product kernel as a JSON file; docs/file-formats.md describes it.
 *
 * @param description what it is the kernel of, in words
 * @param kernel the kernel
 */
public record KernelFile(String description, DotProductKernel kernel) {

  private static final String FORMAT = "tangentflow dot-product kernel";
  private static final int VERSION = 1;

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /** Writes the file, atomically. */
  public void write(Path path) {
    ObjectNode root = JSON.createObjectNode();
    root.put("format", FORMAT)
        .put("version", VERSION)
        .put("description", description)
        .put("scaling", kernel.scaling().name())
        .put("leastNorm", kernel.least())
        .put("greatestNorm", kernel.greatest())
        .put("argument", kernel.argument().name())
        .put("rank", kernel.rank())
        .put("terms", kernel.terms())
        .put("nngpError", kernel.nngpError())
        .put("ntkError", kernel.ntkError());
    put(root.putArray("nngp"), kernel.nngp());
    put(root.putArray("ntk"), kernel.ntk());
    AtomicFile.write(path, root.toPrettyString() + "\n");
  }

  private static void put(ArrayNode array, double[] numbers) {
    for (double number : numbers) {
      array.add(number);
    }
  }

  /**
   * Reads a file.
   *
   * @throws DataFormat naming the field that is missing or wrong
   */
  public static KernelFile read(Path path) {
    try {
      return parse(path, JSON.readTree(Files.readAllBytes(path)));
    } catch (JsonProcessingException e) {
      throw new DataFormat(path, "is not JSON", e);
    } catch (NoSuchFileException e) {
      throw new DataFormat(path, "there is no such file", e);
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  private static KernelFile parse(Path path, JsonNode root) {
    if (!root.path("format").asText().equals(FORMAT)) {
      throw new DataFormat(path, "is not a dot-product kernel: its 'format' is another", null);
    }
    if (root.path("version").asInt() != VERSION) {
      throw new DataFormat(
          path, "has version " + root.path("version") + ", and " + VERSION + " is read", null);
    }
    try {
      return new KernelFile(
          root.path("description").asText(),
          new DotProductKernel(
              Scaling.valueOf(root.path("scaling").asText()),
              number(path, root, "leastNorm"),
              number(path, root, "greatestNorm"),
              Argument.valueOf(root.path("argument").asText()),
              (int) number(path, root, "rank"),
              numbers(path, root, "nngp"),
              numbers(path, root, "ntk"),
              number(path, root, "nngpError"),
              number(path, root, "ntkError")));
    } catch (IllegalArgumentException e) {
      throw new DataFormat(path, "holds no kernel: " + e.getMessage(), e);
    }
  }

  private static double number(Path path, JsonNode node, String field) {
    return finite(path, node.path(field), field);
  }

  private static double[] numbers(Path path, JsonNode root, String field) {
    JsonNode array = root.path(field);
    double[] numbers = new double[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = finite(path, array.get(i), field);
    }
    return numbers;
  }

  private static double finite(Path path, JsonNode node, String field) {
    if (!node.isNumber() || !Double.isFinite(node.asDouble())) {
      throw new DataFormat(path, "'" + field + "' must hold finite numbers", null);
    }
    return node.asDouble();
  }
}
