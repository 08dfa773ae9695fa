package io.tangentflow.ode;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import java.util.ArrayList;
import java.util.List;

/**
 * The trajectory of {@link FixedStepSolver} in segments of c steps. Of each segment but the last
 * the state at its beginning is kept; the values at its stages are computed again when they are
 * asked for, by the same operations on the same numbers, and so to the last bit. With c = O(√L) the
 * memory grows with √L only, and no step is taken more than twice.
 */
public final class SegmentedTrajectory {

  private final TimeGrid grid;
  private final int stepsOfSegment;
  private final double timeStep;
  private final int samples;
  private final Backend backend;
  private final FixedSteps steps;
  private final List<Matrix> beginnings = new ArrayList<>();
  private final Matrix activations;
  private final Matrix derivatives;
  private final Matrix outputs;
  private int current;

  /**
   * Solves to the horizon; its matrices are allocated in the workspace.
   *
   * @param stepsOfSegment c; the last segment has what is left
   * @param x d×N
   * @throws io.tangentflow.TangentFlowException.NonFiniteState if a state overflows, naming the
   *     first sample and the time
   */
  public SegmentedTrajectory(
      TimeGrid grid, int stepsOfSegment, Weights weights, Matrix x, Workspace workspace) {
    this.grid = grid;
    this.stepsOfSegment = stepsOfSegment;
    NeuralOde model = weights.model();
    timeStep = model.horizon() / grid.depth();
    samples = x.columns();
    backend = workspace.backend();
    int slots = Math.multiplyExact(stepsOfSegment, grid.tableau().stages()) + 1;
    activations = workspace.allocate(model.width(), Math.multiplyExact(samples, slots));
    derivatives = workspace.allocate(model.width(), Math.multiplyExact(samples, slots));
    outputs = workspace.allocate(model.outputs(), samples);
    for (int i = 0; i < segments() - 1; i++) {
      beginnings.add(workspace.allocate(model.width(), samples));
    }
    steps = new FixedSteps(grid, weights, samples, workspace);
    solve(x);
  }

  private void solve(Matrix x) {
    Trajectory last = null;
    for (int i = 0; i < segments(); i++) {
      current = i;
      last = view(i);
      begin(i, x, last);
      if (i < beginnings.size()) {
        backend.copy(steps.h(), beginnings.get(i));
      }
      steps.run(last);
    }
    steps.end(last.activations(last.grid().evaluations()), outputs);
    if (!steps.finiteAtEnd(outputs)) {
      requireFinite(x);
    }
  }

  /** The first slot of segment i, from h(0) or where the segment before has ended. */
  private void begin(int i, Matrix x, Trajectory segment) {
    if (i == 0) {
      steps.begin(x, segment.activations(0), segment.derivatives(0));
    } else {
      steps.activate(segment.activations(0), segment.derivatives(0));
    }
  }

  /** Solves again, and looks at each segment for the first value that is not finite. */
  private void requireFinite(Matrix x) {
    for (int i = 0; i < segments(); i++) {
      Trajectory segment = view(i);
      begin(i, x, segment);
      steps.run(segment);
      FixedSteps.requireFinite(segment, i * stepsOfSegment, backend);
    }
    steps.requireFiniteAtEnd(outputs);
  }

  /** ⌈L/c⌉. */
  public int segments() {
    return (grid.depth() - 1) / stepsOfSegment + 1;
  }

  /** f, m×N. */
  public Matrix outputs() {
    return outputs;
  }

  /**
   * The values at the stages of segment i, and at its end; they are there until another segment is
   * asked for. Its derivatives may be overwritten, and stay so until then.
   */
  public Trajectory segment(int i) {
    Trajectory segment = view(i);
    if (i != current) {
      backend.copy(beginnings.get(i), steps.h());
      steps.activate(segment.activations(0), segment.derivatives(0));
      steps.run(segment);
      current = i;
    }
    return segment;
  }

  private Trajectory view(int i) {
    int depth = Math.min(stepsOfSegment, grid.depth() - i * stepsOfSegment);
    TimeGrid part = new TimeGrid(grid.tableau(), depth);
    int columns = samples * (part.evaluations() + 1);
    return new Trajectory(
        part,
        timeStep,
        activations.columnRange(0, columns),
        derivatives.columnRange(0, columns),
        outputs);
  }

  /** Bytes that it allocates. */
  public static long bytes(
      TimeGrid grid, int stepsOfSegment, NeuralOde model, int samples, int bytesPerNumber) {
    long kept = (grid.depth() - 1L) / stepsOfSegment;
    long slots = 2 * ((long) stepsOfSegment * grid.tableau().stages() + 1);
    long columns = kept + slots + FixedSteps.columns(grid.tableau());
    return (columns * model.width() + model.outputs()) * samples * bytesPerNumber;
  }
}
