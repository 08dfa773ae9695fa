package io.tangentflow.kernel.limit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.DotProductSeries.Argument;
import io.tangentflow.kernel.limit.DotProductKernel.Scaling;

/**
 * A dot-product kernel as JSON; docs/file-formats.md describes it. Numbers are read back as they
 * were, to the last bit.
 *
 * @param description what it is the kernel of, in words
 * @param kernel the kernel
 */
public record KernelJson(String description, DotProductKernel kernel) {

  private static final String FORMAT = "tangentflow dot-product kernel";
  private static final int VERSION = 1;

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /** The JSON text of description and kernel. */
  public String text() {
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
    return root.toPrettyString() + "\n";
  }

  private static void put(ArrayNode array, double[] numbers) {
    for (double number : numbers) {
      array.add(number);
    }
  }

  /**
   * The kernel of a text.
   *
   * @throws IllegalArgumentException naming the field that is missing or wrong
   */
  public static KernelJson of(String text) {
    JsonNode root;
    try {
      root = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("it is not JSON", e);
    }
    if (!root.path("format").asText().equals(FORMAT)) {
      throw new IllegalArgumentException("its 'format' is not \"" + FORMAT + "\"");
    }
    if (root.path("version").asInt() != VERSION) {
      throw new IllegalArgumentException(
          "it has version " + root.path("version") + ", and " + VERSION + " is read");
    }
    return new KernelJson(
        root.path("description").asText(),
        new DotProductKernel(
            constant(Scaling.class, root, "scaling"),
            number(root.path("leastNorm"), "leastNorm"),
            number(root.path("greatestNorm"), "greatestNorm"),
            constant(Argument.class, root, "argument"),
            rank(root.path("rank")),
            numbers(root, "nngp"),
            numbers(root, "ntk"),
            number(root.path("nngpError"), "nngpError"),
            number(root.path("ntkError"), "ntkError")));
  }

  private static <T extends Enum<T>> T constant(Class<T> type, JsonNode root, String field) {
    String name = root.path(field).asText();
    for (T constant : type.getEnumConstants()) {
      if (constant.name().equals(name)) {
        return constant;
      }
    }
    throw new IllegalArgumentException("its '" + field + "' is '" + name + "'");
  }

  private static int rank(JsonNode node) {
    if (!node.isInt()) {
      throw new IllegalArgumentException("its 'rank' must be a whole number");
    }
    return node.asInt();
  }

  private static double[] numbers(JsonNode root, String field) {
    JsonNode array = root.path(field);
    if (!array.isArray()) {
      throw new IllegalArgumentException("its '" + field + "' is no array");
    }
    double[] numbers = new double[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = number(array.get(i), field);
    }
    return numbers;
  }

  private static double number(JsonNode node, String field) {
    if (!node.isNumber() || !Double.isFinite(node.asDouble())) {
      throw new IllegalArgumentException("its '" + field + "' must hold finite numbers");
    }
    return node.asDouble();
  }
}
