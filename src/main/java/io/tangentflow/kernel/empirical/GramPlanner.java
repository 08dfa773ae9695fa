package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.gradient.SegmentedAdjoint;
import io.tangentflow.kernel.empirical.GramForecast.Part;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Chooses how a Gram matrix is made: structured, explicit, or structured with features at fewer
 * nodes in time, each in the largest blocks of samples that the budget admits. What a plan takes is
 * how often it does each operation times what the operation takes here, which is measured by a
 * {@link GramPilot}; so two runs may choose differently where two plans are about as fast, and
 * their results then differ by rounding. {@link GramPlan#choose} counts FLOPs instead, and always
 * chooses alike.
 */
public final class GramPlanner {

  /** Less takes about as long as the pilots' seconds on the host, and milliseconds on a device. */
  private static final double QUICK_FLOPS_ON_HOST = 3e12;

  private static final double QUICK_FLOPS_ON_DEVICE = 1e12;

  private final NeuralOde model;
  private final TimeGrid grid;
  private final int samples;
  private final Backend backend;
  private final MemoryBudget budget;
  private final LongSupplier nanos;

  /** Plans the Gram matrix of so many samples on that backend. */
  public GramPlanner(
      NeuralOde model, TimeGrid grid, int samples, Backend backend, MemoryBudget budget) {
    this(model, grid, samples, backend, budget, System::nanoTime);
  }

  /** The same by another clock. */
  GramPlanner(
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Backend backend,
      MemoryBudget budget,
      LongSupplier nanos) {
    this.nanos = nanos;
    this.model = model;
    this.grid = grid;
    this.samples = samples;
    this.backend = backend;
    this.budget = budget;
  }

  /**
   * The plans that fit, the one to take first: where all of them take less than a measurement
   * would, and on a stand-in for a device, whose times mean nothing, the one of fewest FLOPs,
   * without forecasts; else the one that {@link #forecasts} expects to be fastest.
   *
   * @param nodes at which features may be kept; the exact plans are among the candidates whatever
   *     it is
   * @throws OutOfMemory if none fits, with what the structured one would need
   */
  public List<GramForecast> choose(TimeNodes nodes) {
    return choose(plans(nodes));
  }

  /** The same of plans that are given. */
  public List<GramForecast> choose(List<GramPlan> plans) {
    double most = plans.stream().mapToDouble(this::cost).max().orElseThrow();
    return most < (backend.sharesHostMemory() ? QUICK_FLOPS_ON_HOST : QUICK_FLOPS_ON_DEVICE)
        ? byFlops(plans)
        : forecasts(plans);
  }

  /**
   * The forecasts of all plans that fit, the fastest first; on a stand-in for a device those of
   * {@link #choose}.
   *
   * @param nodes at which features may be kept; the exact plans are among the candidates whatever
   *     it is
   * @throws OutOfMemory if none fits, with what the structured one would need
   */
  public List<GramForecast> forecasts(TimeNodes nodes) {
    return forecasts(plans(nodes));
  }

  /** The plans that fit. */
  private List<GramPlan> plans(TimeNodes nodes) {
    List<GramPlan> plans = new ArrayList<>();
    List<OutOfMemory> refusals = new ArrayList<>();
    for (GramStrategy strategy : GramStrategy.values()) {
      fitting(() -> plan(strategy), refusals).ifPresent(plans::add);
    }
    if (!nodes.all()) {
      fitting(() -> compressed(nodes), refusals).ifPresent(plans::add);
    }
    if (plans.isEmpty()) {
      throw refusals.get(0);
    }
    return plans;
  }

  private double cost(GramPlan plan) {
    return plan.cost(model, samples);
  }

  private List<GramForecast> byFlops(List<GramPlan> plans) {
    return plans.stream()
        .sorted(Comparator.comparingDouble(this::cost))
        .map(plan -> new GramForecast(plan, List.of()))
        .toList();
  }

  /** The forecasts of plans that are given, the fastest first. */
  public List<GramForecast> forecasts(List<GramPlan> plans) {
    if (backend.emulated()) {
      return byFlops(plans);
    }
    if (backend.sharesHostMemory()) {
      measured(plans); // The JVM compiles what it has seen often, some seconds later.
    }
    return measured(plans);
  }

  private List<GramForecast> measured(List<GramPlan> plans) {
    try (GramPilot pilot = new GramPilot(model, backend, nanos)) {
      Map<Integer, GramPilot.Solve> solves = new HashMap<>();
      return plans.stream()
          .map(plan -> forecast(plan, pilot, solves))
          .sorted(Comparator.comparingDouble(GramForecast::seconds))
          .toList();
    }
  }

  /**
   * The exact plan of that strategy.
   *
   * @throws OutOfMemory if it does not fit
   */
  public GramPlan plan(GramStrategy strategy) {
    return GramPlan.of(strategy, model, grid, samples, backend.precision(), budget);
  }

  /**
   * The plan with features at those nodes.
   *
   * @throws OutOfMemory if it does not fit
   */
  public GramPlan compressed(TimeNodes nodes) {
    return GramPlan.compressed(nodes, model, grid, samples, backend.precision(), budget);
  }

  private static Optional<GramPlan> fitting(Supplier<GramPlan> plan, List<OutOfMemory> refusals) {
    try {
      return Optional.of(plan.get());
    } catch (OutOfMemory refusal) {
      refusals.add(refusal);
      return Optional.empty();
    }
  }

  private GramForecast forecast(
      GramPlan plan, GramPilot pilot, Map<Integer, GramPilot.Solve> solves) {
    int block = plan.blockSize();
    double blocks = Math.ceil(samples / (double) block);
    GramPilot.Solve solve =
        solves.computeIfAbsent(block, b -> pilot.solve(plan, grid.tableau().stages()));
    SegmentedAdjoint segments = new SegmentedAdjoint(grid, model.outputs());
    double q = grid.evaluations();
    double forward = plan.streamed() ? segments.forwardEvaluations() : q;
    // Each block is solved once as rows, and once more beside each block of rows after it.
    double solved = samples / (double) block * (blocks + 1) / 2;
    double timesW = plan.weightsByPanels() ? blocks * (blocks + 1) / 2 * (forward + q) : 1;
    List<Part> parts = new ArrayList<>();
    parts.add(new Part("weights", timesW * solve.weights()));
    parts.add(
        new Part(
            "solves forward and back", solved * (forward * solve.forward() + q * solve.back())));
    // In pairs of whole blocks; the last one of a row may be smaller.
    double area = Math.pow(samples / (blocks * block), 2);
    double beside = area * blocks * (blocks - 1) / 2;
    double alone = area * blocks;
    if (plan.strategy() == GramStrategy.EXPLICIT) {
      GramPilot.Explicit explicit = pilot.explicit(block, grid.evaluations(), plan.deviceBytes());
      parts.add(new Part("gradients", (alone + 2 * beside) * explicit.gradients()));
      parts.add(new Part("products of gradients", (alone + 2 * beside) * explicit.squares()));
    } else {
      int kept = grid.evaluations();
      if (!plan.nodes().all()) {
        kept = Math.min(kept, plan.nodes().expected());
        parts.add(new Part("compression", solved * compression(plan, kept, pilot)));
      }
      GramPilot.Structured structured = pilot.structured(block, kept, plan.deviceBytes());
      double pairs = alone * kept * (kept - 1) / 2 + beside * kept * kept;
      parts.add(
          new Part(
              "products of features",
              pairs * structured.pair() + alone * kept * structured.slot()));
    }
    return new GramForecast(plan, parts);
  }

  /** Of a block; while solving, the coefficients of each segment take those after it in. */
  private double compression(GramPlan plan, int kept, GramPilot pilot) {
    int all = grid.evaluations();
    if (!plan.streamed()) {
      return pilot.compression(plan.blockSize(), all, kept, plan.deviceBytes());
    }
    int slots = Math.min(all, GramPlan.slotsOfSegment(model, grid));
    int most = Math.min(all, plan.nodes().most());
    double segment = pilot.compression(plan.blockSize(), slots, most, plan.deviceBytes());
    return segment * ((double) all / slots) * (slots + most) / slots;
  }
}
