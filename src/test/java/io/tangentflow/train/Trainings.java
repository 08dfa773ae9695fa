package io.tangentflow.train;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.model.Block;
import io.tangentflow.ode.Weights;
import java.util.EnumSet;
import java.util.stream.IntStream;

/** Trainings of tests, without an order of their own. */
final class Trainings {

  private Trainings() {}

  /** Of all parameters on the squared loss of all samples. */
  static Training of(
      GradientMethod method,
      UpdateRule rule,
      double rate,
      Weights weights,
      Matrix x,
      Matrix targets,
      Workspace workspace) {
    return of(
        new Training.Setup(
            method, Loss.SQUARED, false, EnumSet.allOf(Block.class), rule, rate, x.columns()),
        weights,
        x,
        targets,
        workspace);
  }

  /** Batches, if any, take the samples as they stand. */
  static Training of(
      Training.Setup setup, Weights weights, Matrix x, Matrix targets, Workspace workspace) {
    return new Training(
        setup,
        weights,
        x,
        targets,
        epoch -> IntStream.range(0, x.columns()).toArray(),
        report -> {},
        workspace);
  }
}
