package io.tangentflow.experiment.timing;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.BlockGradients;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientSum;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Trajectory;
import io.tangentflow.ode.Weights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The gradient of Σ_io r_io f_o(x_i) with respect to U, W and V, r standard normal: the forward
 * solve, the discrete adjoint and one product for each block, on matrices that are allocated once,
 * as a step of training computes it. Weights, inputs and r are there before the first run.
 */
public final class GradientJob implements TimedJob {

  /** The part that is the products alone. */
  public static final String PRODUCTS = "productsSeconds";

  private final TimeGrid grid;
  private final Backend backend;
  private final Workspace workspace;
  private Weights weights;
  private Matrix x;
  private Matrix cotangents;
  private FixedStepSolver.Solve solve;
  private DiscreteAdjoint.Pullback pullback;
  private Map<Block, Matrix> gradient;

  /**
   * Prepares it.
   *
   * @param seed of the weights and of r
   */
  public GradientJob(
      NeuralOde model, TimeGrid grid, int samples, long seed, Backend backend, long budgetBytes) {
    this.grid = grid;
    this.backend = backend;
    workspace =
        backend.workspace(
            String.format("the gradient of %d samples at width %d", samples, model.width()),
            budgetBytes);
    try {
      allocate(model, samples, seed);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  private void allocate(NeuralOde model, int samples, long seed) {
    weights = Weights.place(model, new Parameters.Seeded(seed), workspace);
    x = weights.upload(TimedJob.inputs(model.inputDim(), samples), workspace);
    cotangents = workspace.upload(GradientSum.normalCotangents(model.outputs(), samples, seed));
    solve = new FixedStepSolver(grid).prepare(weights, x, workspace);
    pullback = new DiscreteAdjoint(grid).pullback(weights, solve, workspace);
    int n = model.width();
    gradient =
        new Weights(
                model,
                workspace.allocate(n, model.inputDim()),
                workspace.allocate(n, n),
                workspace.allocate(model.outputs(), n),
                backend)
            .blocks();
  }

  @Override
  public void run() {
    solve.run();
    pullback.run(cotangents);
    pullback.giveTo(new BlockGradients(weights.model(), x, cotangents, 1, 0, gradient, backend));
  }

  /** The gradient of the last run, in the shapes of the weights. */
  public Map<Block, Matrix> gradient() {
    return gradient;
  }

  /** Of the products with n×n matrices: 2n²N for each of forward, back and the gradient of W. */
  @Override
  public OptionalDouble flops() {
    return OptionalDouble.of(flops(weights.model(), grid, x.columns()));
  }

  static double flops(NeuralOde model, TimeGrid grid, int samples) {
    double n = model.width();
    return 3 * 2 * n * n * samples * grid.evaluations();
  }

  /** Bytes that it holds, by count: two sets of weights, two trajectories, states and adjoints. */
  static long bytes(NeuralOde model, TimeGrid grid, int samples, int bytesPerNumber) {
    long inputsAndCotangents =
        (long) samples * (model.inputDim() + model.outputs()) * bytesPerNumber;
    return 2 * Weights.bytes(model, bytesPerNumber)
        + inputsAndCotangents
        + new FixedStepSolver(grid).bytes(model, samples, bytesPerNumber)
        + new DiscreteAdjoint(grid).pullbackBytes(model, samples, bytesPerNumber);
  }

  /** The products of {@link #flops} alone, on the matrices of the job, which they overwrite. */
  private void products() {
    Trajectory trajectory = solve.trajectory();
    int q = grid.evaluations();
    double scale = weights.model().flowScale();
    for (int at = 0; at < q; at++) {
      weights.flow().multiply(scale, trajectory.activations(at), 0, trajectory.activations(at + 1));
    }
    for (int at = q; at > 0; at--) {
      weights
          .flow()
          .multiplyTransposed(1, trajectory.derivatives(at), trajectory.derivatives(at - 1));
    }
    int columns = trajectory.samples() * q;
    backend.gemm(
        Transpose.NO,
        Transpose.YES,
        1,
        trajectory.derivatives().columnRange(trajectory.samples(), columns),
        trajectory.activations().columnRange(0, columns),
        0,
        gradient.get(Block.W));
  }

  @Override
  public long peakBytes() {
    return workspace.peakBytes();
  }

  @Override
  public Map<String, Runnable> parts() {
    Map<String, Runnable> parts = new LinkedHashMap<>();
    parts.put(FORWARD, solve::run);
    parts.put(PRODUCTS, this::products);
    return parts;
  }

  @Override
  public void requireFinite() {
    solve.requireFinite();
    for (Matrix block : gradient.values()) {
      if (backend.firstNonFinite(block).isPresent()) {
        throw new NonFiniteState("gradient");
      }
    }
  }

  @Override
  public void close() {
    workspace.close();
  }
}
