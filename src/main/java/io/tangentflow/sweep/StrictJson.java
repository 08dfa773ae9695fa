package io.tangentflow.sweep;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.InputFile;
import io.tangentflow.data.JsonFault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * The JSON of a run directory. Read strictly: what a record has must be there, and nothing else; so
 * a file of another version is refused and not half understood.
 */
final class StrictJson {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private StrictJson() {}

  /**
   * Reads a file that is one value.
   *
   * @throws DataFormat if it cannot be read, is not JSON or not such a value
   */
  static <T> T read(Path file, Class<T> type) {
    try {
      return read(file, InputFile.bytes(file), type);
    } catch (IOException e) {
      throw new DataFormat(file, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }

  /** As {@link #read(Path, Class)}, of a file whose bytes are read already. */
  static <T> T read(Path file, byte[] bytes, Class<T> type) {
    try {
      return present(file, JSON.readValue(bytes, type));
    } catch (JsonParseException e) {
      throw new DataFormat(
          file, "line", e.getLocation().getLineNr(), "not JSON: " + e.getOriginalMessage());
    } catch (JsonProcessingException e) {
      throw foreign(file, e);
    } catch (IOException e) {
      throw new DataFormat(file, "not JSON: " + AtomicFile.reason(e), e);
    }
  }

  /** The value of a part of a file. */
  static <T> T convert(Path file, JsonNode part, Class<T> type) {
    try {
      return present(file, JSON.treeToValue(part, type));
    } catch (JsonProcessingException e) {
      throw foreign(file, e);
    }
  }

  /**
   * The value of a line, its end left out.
   *
   * @param number of the line in its file, from 1
   */
  static <T> T line(Path file, int number, byte[] bytes, int from, int to, Class<T> type) {
    try {
      T value = JSON.readValue(bytes, from, to - from, type);
      if (value == null) {
        throw new DataFormat(file, "line", number, "not a result: it holds nothing");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new DataFormat(file, "line", number, "not a result: " + JsonFault.reason(e));
    } catch (IOException e) {
      throw new DataFormat(file, "line", number, "not a result: " + AtomicFile.reason(e));
    }
  }

  private static <T> T present(Path file, T value) {
    if (value == null) {
      throw new DataFormat(file, "holds nothing", null);
    }
    return value;
  }

  private static DataFormat foreign(Path file, JsonProcessingException e) {
    return new DataFormat(
        file, "was not written by this version of TangentFlow: " + JsonFault.reason(e), e);
  }

  /** The text of a file. */
  static String pretty(Object value) {
    try {
      return JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A value on one line, without the line's end. */
  static byte[] compact(Object value) {
    try {
      return JSON.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A value as it is read back: whole numbers in the least type that holds them. */
  static JsonNode tree(Object value) {
    try {
      return JSON.readTree(compact(value));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
