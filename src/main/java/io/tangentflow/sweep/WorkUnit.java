package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * A piece of a run that is computed alone, by whichever process: what it computes depends on its
 * workload and its setting, and on nothing else.
 *
 * @param key of its result: the SHA-256, in hex, of what is computed
 * @param words for a line of progress
 * @param operations about how many floating-point operations it takes, to begin the longest first
 * @param setting what its worker has to know beside the workload, as plain values
 */
public record WorkUnit(String key, String words, double operations, JsonNode setting) {

  /**
   * A unit of a workload.
   *
   * @param setting a record of plain values
   */
  public static WorkUnit of(Workload workload, String words, double operations, Object setting) {
    JsonNode tree = StrictJson.tree(setting);
    String all = workload.kind() + "\n" + workload.identity() + "\n" + tree;
    return new WorkUnit(DigestUtils.sha256Hex(all), words, operations, tree);
  }

  /** A record of plain values, as a setting or a result. */
  public static JsonNode tree(Object value) {
    return StrictJson.tree(value);
  }

  /** A setting or a result, as the record that it was made of. */
  public static <T> T value(JsonNode tree, Class<T> type) {
    return StrictJson.convert(Path.of("a unit of work"), tree, type);
  }
}
