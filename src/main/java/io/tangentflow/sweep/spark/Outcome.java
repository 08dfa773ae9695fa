package io.tangentflow.sweep.spark;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/**
 * What a task answers: a result, or a failure that another process would meet as well.
 *
 * @param executor that answers
 * @param host the name of its machine
 * @param exitCode of the failure; 0 of a result
 * @param sentence of the failure; empty of a result
 * @param warnings that the user should read
 * @param result JSON's null of a failure
 */
record Outcome(
    String executor,
    String host,
    int exitCode,
    String sentence,
    List<String> warnings,
    JsonNode result) {

  /** The failure, if it is one. */
  Optional<String> failure() {
    return exitCode == 0 ? Optional.empty() : Optional.of(sentence);
  }

  /** For the beginning of a sentence. */
  String where() {
    return words(executor, host);
  }

  /** An executor for the beginning of a sentence. */
  static String words(String executor, String host) {
    return "on executor " + executor + " (" + host + ")";
  }
}
