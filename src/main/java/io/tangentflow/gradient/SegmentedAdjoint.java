package io.tangentflow.gradient;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Finite;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.SegmentedTrajectory;
import io.tangentflow.ode.SolverStatistics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Trajectory;
import io.tangentflow.ode.Weights;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The gradient of {@link DiscreteAdjoint} in memory that grows with √L: the state is kept at the
 * beginnings of segments of steps, and on the way back the values of a segment are computed again.
 * A sink receives the pairs of one segment after the other, the last one first, those of a segment
 * in the order of their times: the same numbers as of the whole trajectory, for one forward solve
 * more.
 */
public final class SegmentedAdjoint implements GradientMethod {

  private final TimeGrid grid;
  private final int outputs;
  private final int stepsOfSegment;

  /**
   * In segments of the length that takes least memory.
   *
   * @param outputs m, the columns of an adjoint for each sample
   */
  public SegmentedAdjoint(TimeGrid grid, int outputs) {
    this(grid, outputs, leastMemory(grid, outputs));
  }

  SegmentedAdjoint(TimeGrid grid, int outputs, int stepsOfSegment) {
    this.grid = grid;
    this.outputs = outputs;
    this.stepsOfSegment = stepsOfSegment;
  }

  /** c with L/c states at beginnings and c times the slots of a step in balance. */
  private static int leastMemory(TimeGrid grid, int outputs) {
    double columnsOfStep = grid.tableau().stages() * (2.0 + (outputs == 1 ? 0 : outputs));
    long steps = Math.round(Math.sqrt(grid.depth() / columnsOfStep));
    return (int) Math.max(1, Math.min(steps, grid.depth()));
  }

  /** c, the most steps of a segment. */
  public int stepsOfSegment() {
    return stepsOfSegment;
  }

  @Override
  public String label() {
    return "discrete:" + grid.label();
  }

  @Override
  public OptionalInt pairs() {
    return OptionalInt.of(grid.evaluations());
  }

  @Override
  public Stepping forward() {
    return grid;
  }

  @Override
  public boolean adaptive() {
    return false;
  }

  @Override
  public Matrix outputs(Weights weights, Matrix x, Workspace workspace) {
    return new FixedStepSolver(grid).outputs(weights, x, workspace);
  }

  @Override
  public Report pull(
      Weights weights, Matrix x, Matrix cotangents, PairSink sink, Workspace workspace) {
    try (Workspace scratch = workspace.scope()) {
      Backend backend = scratch.backend();
      int n = weights.model().width();
      int columns = cotangents.columns();
      SegmentedTrajectory all = new SegmentedTrajectory(grid, stepsOfSegment, weights, x, scratch);
      Matrix lambda = scratch.allocate(n, columns);
      Matrix lastOfBefore = scratch.allocate(n, columns);
      // As with the whole trajectory, adjoints take the place of derivatives where they can.
      Matrix own = columns == x.columns() ? null : scratch.allocate(n, slots() * columns);
      double timeStep = weights.model().horizon() / grid.depth();
      Backward backward = new Backward(weights, grid.tableau(), timeStep, lambda, scratch);
      for (int i = all.segments() - 1; i >= 0; i--) {
        Trajectory segment = all.segment(i);
        Matrix shifted = own == null ? segment.derivatives() : own;
        int q = segment.grid().evaluations();
        if (i == all.segments() - 1) {
          sink.begin(all.outputs(), segment.activations(q));
          backward.begin(cotangents, segment, shifted);
        } else {
          backend.copy(lastOfBefore, backward.slot(shifted, q));
        }
        backward.goBack(segment, shifted);
        backend.copy(backward.slot(shifted, 0), lastOfBefore);
        sink.pair(
            1,
            shifted.columnRange(columns, columns * q),
            segment.activations().columnRange(0, x.columns() * q));
      }
      Finite.require("adjoint", lambda, x.columns(), 0, backend);
      sink.end(lambda);
      return report(all.segments());
    }
  }

  private int slots() {
    return stepsOfSegment * grid.tableau().stages() + 1;
  }

  private Report report(int segments) {
    int again = Math.min(grid.depth(), (segments - 1) * stepsOfSegment);
    int stages = grid.tableau().stages();
    return new Report(
        new SolverStatistics(grid.depth() + again, 0, (grid.depth() + again) * (long) stages),
        new SolverStatistics(grid.depth(), 0, grid.evaluations()),
        OptionalDouble.empty());
  }

  /** Bytes that {@link #pull} takes, cotangents of each output included. */
  public long bytes(NeuralOde model, int samples, int bytesPerNumber) {
    long columns = (long) samples * outputs;
    long own = outputs == 1 ? 0 : slots();
    long perColumn = (2 + own + grid.tableau().stages()) * model.width() + outputs;
    return SegmentedTrajectory.bytes(grid, stepsOfSegment, model, samples, bytesPerNumber)
        + perColumn * columns * bytesPerNumber;
  }

  /** Evaluations of the forward equation, those that are done again included, of one sample. */
  public double forwardEvaluations() {
    int last = (grid.depth() - 1) % stepsOfSegment + 1;
    return (2.0 * grid.depth() - last) * grid.tableau().stages();
  }
}
