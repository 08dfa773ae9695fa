package io.tangentflow.experiment.paper;

import java.util.ArrayList;
import java.util.List;

/** A quadratic activation, which the theory does not cover, against Softplus in training. */
final class Figure8 extends ActivationFigure {

  /** With σw = 1 the quadratic network's state can be infinite before T = 1. */
  private static final double SIGMA_W = 0.25;

  /** η times N; three times as much makes quadratic networks diverge. */
  private static final double RATE = 0.2;

  Figure8() {
    super(8, "quadratic", "quadratic", SIGMA_W, RATE, false);
  }

  @Override
  public List<String> choices(Reproduction r) {
    List<String> choices = new ArrayList<>(super.choices(r));
    choices.add(
        "σw = "
            + SIGMA_W
            + " for both: the right-hand side of the quadratic network grows like |h|², so that with"
            + " σw = 1 its state can be infinite before T.");
    return choices;
  }
}
