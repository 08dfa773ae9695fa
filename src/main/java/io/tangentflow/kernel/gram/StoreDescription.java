package io.tangentflow.kernel.gram;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.JsonFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a store holds the Gram matrix of: the content of its {@code store.json}.
 *
 * @param format always the same words
 * @param version of the format of the store and its tiles
 * @param order rows of the matrix, Nm
 * @param outputs m; row i·m + o belongs to output o of sample i
 * @param tile rows of a tile, a multiple of m
 * @param elementType of an entry on disk
 * @param kernel everything that determines the entries, by name, in words and numbers; two are
 *     compared in this order
 */
public record StoreDescription(
    String format,
    int version,
    int order,
    int outputs,
    int tile,
    ElementType elementType,
    Map<String, String> kernel) {

  static final String FORMAT = "tangentflow gram store";
  static final int VERSION = 1;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  /** Describes a store. */
  public StoreDescription {
    kernel = Collections.unmodifiableMap(new LinkedHashMap<>(kernel));
    if (order < 1 || outputs < 1 || tile < 1 || order % outputs != 0 || tile % outputs != 0) {
      throw new IllegalArgumentException(
          "order " + order + " and tiles of order " + tile + " are not of " + outputs + " outputs");
    }
  }

  /** Describes a store in the format of this version. */
  public static StoreDescription of(
      TileGrid grid, int outputs, ElementType type, Map<String, String> kernel) {
    return new StoreDescription(FORMAT, VERSION, grid.order(), outputs, grid.size(), type, kernel);
  }

  /** How the matrix is cut. */
  public TileGrid grid() {
    return new TileGrid(order, tile);
  }

  /** Bytes of the files of all tiles. */
  public long tileBytes() {
    TileGrid grid = grid();
    return grid.entries() * elementType.bytes()
        + (long) grid.count() * (TileFile.HEADER_BYTES + TileFile.CHECKSUM_BYTES);
  }

  /** Bytes of the file of a tile. */
  public long tileBytes(int row, int column) {
    TileGrid grid = grid();
    return (long) grid.extent(row) * grid.extent(column) * elementType.bytes()
        + TileFile.HEADER_BYTES
        + TileFile.CHECKSUM_BYTES;
  }

  /** The first 8 bytes of the SHA-256 of all fields, by which a tile knows its store. */
  long fingerprint() {
    try {
      byte[] all = new TreeMap<>(fields()).toString().getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(all)).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The first field in which another description differs, in words; empty if none does. */
  public Optional<String> difference(StoreDescription other) {
    Map<String, String> mine = fields();
    Map<String, String> others = other.fields();
    Set<String> names = new LinkedHashSet<>(mine.keySet());
    names.addAll(others.keySet());
    return names.stream()
        .filter(name -> !String.valueOf(mine.get(name)).equals(String.valueOf(others.get(name))))
        .findFirst()
        .map(
            name ->
                String.format(
                    "its %s is %s, not %s",
                    name, mine.getOrDefault(name, "none"), others.getOrDefault(name, "none")));
  }

  /** The kernel's come first, as they tell more. */
  private Map<String, String> fields() {
    Map<String, String> fields = new LinkedHashMap<>(kernel);
    fields.put("order", Integer.toString(order));
    fields.put("outputs", Integer.toString(outputs));
    fields.put("tile", Integer.toString(tile));
    fields.put("elementType", elementType.toString());
    return fields;
  }

  String text() {
    try {
      return JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(this) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The description in a file's bytes.
   *
   * @param file to be named in errors
   * @throws DataFormat if they hold none, or one of another version
   */
  static StoreDescription of(byte[] bytes, Path file) {
    try {
      JsonNode root = JSON.readTree(bytes);
      if (!root.path("format").asText().equals(FORMAT)) {
        throw new DataFormat(file, "does not say that it is a '" + FORMAT + "'", null);
      }
      if (root.path("version").asInt() != VERSION) {
        throw new DataFormat(
            file,
            "is of version " + root.path("version") + ", and this program knows " + VERSION,
            null);
      }
      StoreDescription description = JSON.treeToValue(root, StoreDescription.class);
      description.grid();
      return description;
    } catch (JsonProcessingException e) {
      throw new DataFormat(file, "is damaged: " + JsonFault.reason(e), e);
    } catch (IOException | InvalidConfiguration e) {
      throw new DataFormat(file, "is damaged: " + e.getMessage(), e);
    }
  }
}
