package io.tangentflow.experiment.paper;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.DepthGaps;
import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The relative gaps of outputs and gradients between residual networks and the continuous model, in
 * FP64; see {@link DepthGaps}.
 *
 * @param outputs m
 * @param depths L, rising
 * @param seed of the parameters
 */
record DepthGapTask(Data data, Model model, int outputs, List<Integer> depths, long seed)
    implements Task {

  /** Of those gaps that the reference resolves: their depths, and themselves. */
  static final Map<Quantity, String> NAMES =
      Map.of(Quantity.OUTPUTS, "outputs", Quantity.GRADIENT, "gradient");

  static String depthsOf(Quantity quantity) {
    return NAMES.get(quantity) + ".depth";
  }

  @Override
  public String words() {
    return "gaps in the depth, " + model.words();
  }

  @Override
  public double operations() {
    double steps = depths.stream().mapToDouble(Integer::doubleValue).sum();
    return 3 * model.forwardOperations(data.samples(), steps);
  }

  @Override
  public Map<String, List<Double>> compute(Laboratory laboratory) {
    Dataset dataset = laboratory.load(data);
    Backend backend = laboratory.backend(Precision.FP64);
    DepthGaps.Setting setting =
        new DepthGaps.Setting(
            StandardDynamics.PRE_ACTIVATION, Tableau.EULER, depths, OptionalDouble.empty(), seed);
    AtomicInteger done = new AtomicInteger();
    DepthGaps gaps =
        DepthGaps.measure(
            model.on(dataset.dimension(), outputs),
            setting,
            dataset.inputs(),
            backend,
            laboratory.budget(backend).deviceBytes(),
            () ->
                laboratory.progress(
                    done.incrementAndGet() / (double) setting.gradients(), words()));
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    for (Quantity quantity : List.of(Quantity.OUTPUTS, Quantity.GRADIENT)) {
      List<DepthGaps.Row> resolved =
          gaps.byDepth().stream().filter(row -> gaps.resolved(row, quantity)).toList();
      numbers.put(depthsOf(quantity), resolved.stream().map(row -> (double) row.depth()).toList());
      numbers.put(
          NAMES.get(quantity), resolved.stream().map(row -> row.gap().get(quantity)).toList());
      numbers.put(
          NAMES.get(quantity) + ".referenceError",
          TaskLine.list(gaps.referenceError().get(quantity)));
    }
    return numbers;
  }
}
