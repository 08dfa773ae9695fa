package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.TrainingConfiguration.Data;
import java.util.List;
import java.util.Map;

/**
 * What an experiment computes at once: a record of plain values, on which its numbers depend and on
 * nothing else. Figures that need the same task share it.
 */
interface Task {

  /** The samples. */
  Data data();

  /** A few words for a progress line. */
  String words();

  /** About how many floating-point operations it takes, for a progress line. */
  double operations();

  /**
   * Computes it.
   *
   * @return finite numbers by name
   */
  Map<String, List<Double>> compute(Laboratory laboratory);
}
