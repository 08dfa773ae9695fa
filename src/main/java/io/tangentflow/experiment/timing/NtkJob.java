package io.tangentflow.experiment.timing;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/** An empirical NTK Gram matrix: making the weights, forward, adjoint and Gram together. */
public final class NtkJob implements TimedJob {

  private final NeuralOde model;
  private final TimeGrid grid;
  private final GramPlan plan;
  private final Parameters parameters;
  private final DenseMatrix inputs;
  private final Backend backend;
  private final EmpiricalNtk ntk;
  private final Consumer<EmpiricalNtk.Result> results;
  private final Workspace workspace;
  private long peakBytes;

  /**
   * Prepares it.
   *
   * @param seed of the weights
   * @param results receives that of each run
   */
  public NtkJob(
      NeuralOde model,
      TimeGrid grid,
      GramPlan plan,
      int samples,
      long seed,
      Backend backend,
      Consumer<EmpiricalNtk.Result> results) {
    this.results = results;
    this.model = model;
    this.grid = grid;
    this.plan = plan;
    this.backend = backend;
    parameters = new Parameters.Seeded(seed);
    inputs = TimedJob.inputs(model.inputDim(), samples);
    ntk = new EmpiricalNtk(model, grid, plan);
    workspace = backend.workspace("the parts of a Gram matrix", plan.deviceBytes());
  }

  @Override
  public void run() {
    EmpiricalNtk.Result result = ntk.gram(parameters, inputs, backend, fraction -> {});
    peakBytes = Math.max(peakBytes, result.peakBytes());
    results.accept(result);
  }

  /** As the plan counts them: those of the solves and of the Gram. */
  @Override
  public OptionalDouble flops() {
    return OptionalDouble.of(plan.flops());
  }

  @Override
  public long peakBytes() {
    return peakBytes;
  }

  /** The forward solve is not timed where no trajectory is kept, or W is not in memory. */
  @Override
  public Map<String, Runnable> parts() {
    Map<String, Runnable> parts = new LinkedHashMap<>();
    if (!plan.weightsByPanels() && !plan.streamed()) {
      Weights weights = Weights.place(model, parameters, workspace);
      parts.put(FORWARD, () -> solve(weights));
    }
    if (!plan.weightsByPanels()) {
      parts.put("weightsSeconds", this::makeWeights);
    }
    return parts;
  }

  private void solve(Weights weights) {
    int size = plan.blockSize();
    int d = inputs.rows();
    for (int first = 0; first < inputs.columns(); first += size) {
      int count = Math.min(size, inputs.columns() - first);
      try (Workspace scratch = workspace.scope()) {
        double[] values = Arrays.copyOfRange(inputs.values(), first * d, (first + count) * d);
        DenseMatrix block = new DenseMatrix(d, count, values);
        new FixedStepSolver(grid).solve(weights, weights.upload(block, scratch), scratch);
      }
    }
  }

  private void makeWeights() {
    long bytes = Weights.bytes(model, backend.precision().bytes());
    try (Workspace scratch = backend.workspace("the weights", bytes)) {
      Weights.place(model, parameters, scratch);
    }
  }

  @Override
  public void close() {
    workspace.close();
  }
}
