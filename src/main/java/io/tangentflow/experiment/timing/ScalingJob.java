package io.tangentflow.experiment.timing;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;

/** A job whose size is varied. */
public enum ScalingJob {
  /** {@link GradientJob}: 6 n² N Q FLOPs; of its bytes those of trajectories go like n N Q. */
  GRADIENT {
    @Override
    public double leadingTimeExponent(ScalingAxis axis) {
      return axis == ScalingAxis.WIDTH ? 2 : 1;
    }

    @Override
    Prepared prepare(NeuralOde model, TimeGrid grid, Size size, Backend backend, long budget) {
      int number = backend.precision().bytes();
      return new Prepared(
          new GradientJob(model, grid, size.samples(), size.seed(), backend, budget),
          GradientJob.bytes(model, grid, size.samples(), number));
    }

    @Override
    TimeGrid nodes(Size size) {
      return new TimeGrid(Tableau.named("rk4"), size.nodes() / Tableau.named("rk4").stages());
    }
  },

  /**
   * {@link NtkJob}, structured: solves of n² N Q FLOPs and a Gram of n N² Q². Where Q varies, its
   * features are kept at Q nodes in time.
   */
  NTK {
    @Override
    public double leadingTimeExponent(ScalingAxis axis) {
      return 2;
    }

    @Override
    Prepared prepare(NeuralOde model, TimeGrid grid, Size size, Backend backend, long budget) {
      MemoryBudget memory = MemoryBudget.of(backend, budget);
      GramPlan plan =
          size.nodes() == 0
              ? GramPlan.of(
                  GramStrategy.STRUCTURED, model, grid, size.samples(), backend.precision(), memory)
              : GramPlan.compressed(
                  TimeNodes.named(String.valueOf(size.nodes())),
                  model,
                  grid,
                  size.samples(),
                  backend.precision(),
                  memory);
      return new Prepared(
          new NtkJob(model, grid, plan, size.samples(), size.seed(), backend, result -> {}),
          plan.deviceBytes());
    }

    @Override
    TimeGrid nodes(Size size) {
      return new TimeGrid(Tableau.EULER, size.depth());
    }
  };

  /**
   * How large a job is.
   *
   * @param width n
   * @param samples N
   * @param depth L, of Euler's method
   * @param nodes Q, evaluations by RK4 or nodes in time; 0 where depth alone says them
   * @param seed of the weights
   */
  public record Size(int width, int samples, int depth, int nodes, long seed) {

    Size with(ScalingAxis axis, int value) {
      return switch (axis) {
        case WIDTH -> new Size(value, samples, depth, 0, seed);
        case SAMPLES -> new Size(width, value, depth, 0, seed);
        case DEPTH -> new Size(width, samples, value, 0, seed);
        case NODES -> new Size(width, samples, depth, value, seed);
      };
    }
  }

  /** A job with the bytes that it is to hold. */
  record Prepared(TimedJob job, double bytes) {}

  /** The exponent of the term of the FLOPs that grows fastest along an axis. */
  public abstract double leadingTimeExponent(ScalingAxis axis);

  abstract Prepared prepare(
      NeuralOde model, TimeGrid grid, Size size, Backend backend, long budgetBytes);

  /** The steps where Q varies. */
  abstract TimeGrid nodes(Size size);

  /** Prepares a job of that size. */
  Prepared of(NeuralOde model, Size size, Backend backend, long budgetBytes) {
    TimeGrid grid = size.nodes() == 0 ? new TimeGrid(Tableau.EULER, size.depth()) : nodes(size);
    return prepare(model.withWidth(size.width()), grid, size, backend, budgetBytes);
  }

  /** As in JSON and names of files. */
  public String key() {
    return this == GRADIENT ? "gradient" : "ntk";
  }

  /** For people. */
  public String label() {
    return this == GRADIENT ? "gradient" : "tangent kernel";
  }
}
