package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.TrainingConfiguration.Data;

/** A task whose work is to solve many random networks. */
interface DrawsTask extends Task {

  /** The networks. */
  Draws draws();

  @Override
  default Data data() {
    return draws().data();
  }

  @Override
  default String words() {
    return String.format(
        "%d networks on %d samples, %s",
        draws().networks(), data().samples(), draws().model().words());
  }

  @Override
  default double operations() {
    return draws().operations();
  }
}
