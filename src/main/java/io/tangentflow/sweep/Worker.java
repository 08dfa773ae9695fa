package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.backend.MemoryBudget;

/**
 * Computes units of one workload in one process, one after another. What it opens it keeps: a
 * backend, data, weights.
 */
public interface Worker extends AutoCloseable {

  /** Hears of the progress of a unit, from any thread. */
  interface Listener {
    /** One line on what is done or not done. */
    void status(String line);

    /** Something the user should know. */
    void warning(String line);

    /**
     * So much of the unit is done, from 0 to 1.
     *
     * @param words what is being computed
     */
    void progress(double fraction, String words);
  }

  /**
   * Makes sure that every unit can be computed here, before anything is written.
   *
   * @return what it computes on
   */
  Preparation prepare();

  /**
   * What a worker has found.
   *
   * @param backend the name of the backend that it computes on
   * @param device as {@link Manifest#device} has it
   * @param version of the program
   * @param budget of memory for one unit
   */
  record Preparation(String backend, String device, String version, MemoryBudget budget) {}

  /**
   * Computes a unit.
   *
   * @param setting of the unit
   * @return its result, which is small; what is large has gone into a file
   */
  JsonNode compute(JsonNode setting, Listener listener);

  @Override
  void close();
}
