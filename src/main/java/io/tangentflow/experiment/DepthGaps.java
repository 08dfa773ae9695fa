package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.StepSizeUnderflow;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.ContinuousAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.gradient.GradientSum;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Tolerance;
import io.tangentflow.ode.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * How far networks of finite depth are from the continuous model of the same parameters: the
 * relative Frobenius differences of their outputs f (m×N), and of the gradients of Σ_io r_io
 * f_o(x_i) with fixed standard normal r. The gradient of the discrete network is its exact one, by
 * the discrete adjoint; that of the continuous model is the continuous adjoint's, forward and
 * backward equation both solved to a tolerance.
 *
 * @param model of the networks
 * @param byDepth a row for each depth, by rising depth
 * @param referenceError of the continuous model's quantities, relatively: their change from a
 *     tolerance ten times as large, which bounds the error where errors follow tolerances
 */
public record DepthGaps(NeuralOde model, List<Row> byDepth, Map<Quantity, Double> referenceError) {

  /** So many times the reference's error a gap is at least, to be a gap of the network. */
  public static final double LEAST_RATIO = 10;

  /** Of the reference that tells the error of the other. */
  private static final double LOOSER = 10;

  /** Of the continuous model, where nothing keeps it from being had. */
  private static final double FINEST = 1e-11;

  /** Two references that agree to the last bit are no more exact than so many unit roundoffs. */
  private static final double ROUNDINGS = 16;

  /** Where φ has kinks, the steps about each are the shorter the finer the tolerance. */
  private static final double KINK_TOLERANCE = 1e-8;

  /** A few times what FP32 resolves. */
  private static final double FP32_TOLERANCE = 3e-6;

  /** What is compared. */
  public enum Quantity {
    /** f, m×N. */
    OUTPUTS("outputs"),
    /** ∂/∂U, ∂/∂W and ∂/∂V together. */
    GRADIENT("gradient"),
    /** ∂f/∂U. */
    GRADIENT_U("∂/∂U"),
    /** ∂f/∂W. */
    GRADIENT_W("∂/∂W"),
    /** ∂f/∂V. */
    GRADIENT_V("∂/∂V");

    private final String label;

    Quantity(String label) {
      this.label = label;
    }

    /** As people read it. */
    public String label() {
      return label;
    }

    /** As programs read it. */
    public String key() {
      String[] words = name().toLowerCase(Locale.ROOT).split("_", -1);
      return words[0] + (words.length > 1 ? words[1].toUpperCase(Locale.ROOT) : "");
    }
  }

  /**
   * The gaps of the network of one depth.
   *
   * @param depth L
   * @param gap ‖discrete − continuous‖ / ‖continuous‖
   */
  public record Row(int depth, Map<Quantity, Double> gap) {}

  /**
   * The networks to compare.
   *
   * @param dynamics of all of them
   * @param tableau the method whose steps are the layers
   * @param depths L, rising
   * @param tolerance of the continuous model; empty for the finest that is worth its time
   * @param seed of the parameters and of r
   */
  public record Setting(
      StandardDynamics dynamics,
      Tableau tableau,
      List<Integer> depths,
      OptionalDouble tolerance,
      long seed) {

    /** Tolerance of the continuous model of that activation. */
    double tolerance(Activation activation, Precision precision) {
      return tolerance.orElse(
          precision != Precision.FP64
              ? FP32_TOLERANCE
              : kinks(activation) ? KINK_TOLERANCE : FINEST);
    }

    /** Gradients that each network takes: one for each depth, and two of the continuous model. */
    public int gradients() {
      return depths.size() + 2;
    }
  }

  /** Whether the reference is exact enough to tell a gap. */
  public boolean resolved(Row row, Quantity quantity) {
    return row.gap().get(quantity) > LEAST_RATIO * referenceError.get(quantity);
  }

  /**
   * Measures the gaps.
   *
   * @param inputs x, d×N. Not modified.
   * @param budgetBytes on the backend
   * @param oneMore runs when a gradient is done
   */
  public static DepthGaps measure(
      NeuralOde model,
      Setting setting,
      DenseMatrix inputs,
      Backend backend,
      long budgetBytes,
      Runnable oneMore) {
    String purpose =
        String.format(
            "%s of width %d to depth %d on %d samples",
            model.activation().label(),
            model.width(),
            setting.depths().get(setting.depths().size() - 1),
            inputs.columns());
    try (Workspace workspace = backend.workspace(purpose, budgetBytes)) {
      Comparison comparison = new Comparison(model, setting, inputs, workspace);
      // The discrete networks first: they take all samples at once, and name one that overflows.
      List<GradientBlocks> discrete = new ArrayList<>();
      for (int depth : setting.depths()) {
        discrete.add(comparison.discrete(depth));
        oneMore.run();
      }
      double tolerance = setting.tolerance(model.activation(), backend.precision());
      GradientBlocks continuous = comparison.continuous(tolerance);
      oneMore.run();
      GradientBlocks looser = comparison.continuous(LOOSER * tolerance);
      oneMore.run();
      if (continuous.norm(Quantity.OUTPUTS) == 0) {
        throw new InvalidConfiguration(
            "--sigma-v, --sigma-u",
            "the outputs are zero on these data; raise the scale that is 0");
      }
      List<Row> rows = new ArrayList<>();
      for (GradientBlocks each : discrete) {
        rows.add(new Row(setting.depths().get(rows.size()), each.differences(continuous)));
      }
      Map<Quantity, Double> error = looser.differences(continuous);
      double rounding = ROUNDINGS * backend.precision().unitRoundoff();
      error.replaceAll((quantity, difference) -> Math.max(difference, rounding));
      return new DepthGaps(model, rows, error);
    }
  }

  private static boolean kinks(Activation activation) {
    return !activation.smooth();
  }

  /** The parameters, inputs and cotangents that all gradients of a model share. */
  private static final class Comparison {
    private final NeuralOde model;
    private final Setting setting;
    private final Workspace workspace;
    private final Weights weights;
    private final Matrix x;
    private final Matrix r;

    Comparison(NeuralOde model, Setting setting, DenseMatrix inputs, Workspace workspace) {
      this.model = model;
      this.setting = setting;
      this.workspace = workspace;
      weights = Weights.place(model, new Parameters.Seeded(setting.seed()), workspace);
      x = weights.upload(inputs, workspace);
      r = workspace.allocate(model.outputs(), inputs.columns());
      workspace
          .backend()
          .upload(
              GradientSum.normalCotangents(model.outputs(), inputs.columns(), setting.seed()), r);
    }

    GradientBlocks discrete(int depth) {
      TimeGrid grid = new TimeGrid(setting.tableau(), depth);
      return gradient(GradientMethods.discrete(setting.dynamics(), grid), x.columns());
    }

    /**
     * Where φ has kinks, each neuron that crosses one makes the steps short, for every sample that
     * is solved with it: there samples are solved one by one.
     */
    GradientBlocks continuous(double tolerance) {
      Stepping exact = new Tolerance(Tableau.DORMAND_PRINCE, tolerance);
      return gradient(
          ContinuousAdjoint.stored(setting.dynamics(), exact, exact),
          kinks(model.activation()) ? 1 : x.columns());
    }

    /** The gradient of all samples, so many at a time. */
    private GradientBlocks gradient(GradientMethod method, int together) {
      Backend backend = workspace.backend();
      try (Workspace scratch = workspace.scope()) {
        Matrix f = scratch.allocate(model.outputs(), x.columns());
        Matrix u = scratch.allocate(model.width(), model.inputDim());
        Matrix w = scratch.allocate(model.width(), model.width());
        Matrix v = scratch.allocate(model.outputs(), model.width());
        for (int first = 0; first < x.columns(); first += together) {
          try (Workspace part = scratch.scope()) {
            Matrix xs = x.columnRange(first, together);
            Matrix rs = r.columnRange(first, together);
            GradientSum sum = new GradientSum(model, xs, rs, part);
            method.pull(weights, xs, rs, sum, part);
            backend.copy(sum.outputs(), f.columnRange(first, together));
            backend.addScaled(1, sum.gradient().u(), u);
            backend.addScaled(1, sum.gradient().w(), w);
            backend.addScaled(1, sum.gradient().v(), v);
          } catch (StepSizeUnderflow e) {
            throw e.inBatchFrom(first);
          }
        }
        return new GradientBlocks(
            backend.download(f), backend.download(u), backend.download(w), backend.download(v));
      }
    }
  }
}
