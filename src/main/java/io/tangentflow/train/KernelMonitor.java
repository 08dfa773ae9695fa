package io.tangentflow.train;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Weights;
import io.tangentflow.spectrum.Spectrum;
import java.util.Optional;
import java.util.Set;

/**
 * The tangent kernel of a network while it is trained, of the parameters that are: its Gram matrix
 * on some samples, its extreme eigenvalues and its distance from the one at the start. Of several
 * outputs it is the kernel of all of them, Nm×Nm, or the mean of the kernels of each, N×N, whose
 * limit is the same limiting kernel.
 */
public final class KernelMonitor {

  /**
   * ‖δK‖_F/(u‖K‖_F) that is hardly exceeded. Measured against FP64 with four activations, widths of
   * 16 to 1024, 10 and 100 steps of Euler and 1 to 20 samples, it is 0.9 to 3.6 as a root mean
   * square over networks, and no extreme eigenvalue moved by more than 6.2 u‖K‖_F.
   */
  private static final double ROUNDINGS = 8;

  private final NeuralOde model;
  private final GradientMethod method;
  private final Set<Block> blocks;
  private final DenseMatrix inputs;
  private final boolean mean;
  private final GramPlan exact;
  private final GramPlan plan;

  /**
   * The kernel at one time.
   *
   * @param gram its Gram matrix
   * @param truncation a bound on what fewer nodes in time leave out of it, Frobenius; 0 where all
   *     pairs are kept
   */
  public record Kernel(DenseMatrix gram, double truncation) {

    /**
     * About how far an entry is from the exact one, as a root mean square: some roundings of what
     * is typical of the matrix, and its part of the truncation. Times the order it is about the
     * Frobenius norm of the error, and so as far as it may have moved an eigenvalue.
     */
    public double entryError(Precision precision) {
      return (ROUNDINGS * precision.unitRoundoff() * gram.norm() + truncation) / gram.rows();
    }
  }

  /**
   * What is said of the kernel at one time.
   *
   * @param least λ_min
   * @param greatest λ_max
   * @param doubt about how far either may be from that of the exact kernel of these weights, by the
   *     rounding of entries and by fewer nodes in time; an estimate, not a bound
   * @param change ‖K_k − K_0‖/‖K_0‖, Frobenius; 0 where both are zero
   */
  public record Reading(double least, double greatest, double doubt, double change) {}

  /**
   * @param inputs d×N. Not modified.
   * @param mean the mean over outputs, N×N
   * @param budget what is free beside the training, with the weights' share not taken from it
   */
  public KernelMonitor(
      NeuralOde model,
      GradientMethod method,
      Set<Block> blocks,
      DenseMatrix inputs,
      boolean mean,
      Precision precision,
      MemoryBudget budget) {
    this.model = mean ? model.withOutputs(1) : model;
    this.method = method;
    this.blocks = blocks;
    this.inputs = inputs;
    this.mean = mean;
    exact = exact(precision, budget);
    plan = plan(precision, budget);
  }

  private GramPlan exact(Precision precision, MemoryBudget budget) {
    return method instanceof DiscreteAdjoint discrete
        ? GramPlan.choose(model, discrete.grid(), inputs.columns(), precision, budget)
        : GramPlan.inOneBlock(GramStrategy.STRUCTURED, model, inputs.columns(), budget);
  }

  /**
   * The plan of fewest FLOPs, always the same, so that training goes on as it would have. What
   * fewer nodes in time leave out FP32 rounds away, but FP64 does not.
   */
  private GramPlan plan(Precision precision, MemoryBudget budget) {
    if (!(method instanceof DiscreteAdjoint discrete) || !precision.single()) {
      return exact;
    }
    try {
      GramPlan fewer =
          GramPlan.compressed(
              TimeNodes.AUTO, model, discrete.grid(), inputs.columns(), precision, budget);
      return fewer.flops() < exact.flops() ? fewer : exact;
    } catch (OutOfMemory e) {
      return exact;
    }
  }

  /** How Gram matrices are made; of gradients not smooth enough for it, from all their pairs. */
  public GramPlan plan() {
    return plan;
  }

  /**
   * The kernel at the weights as they are, with scratch of the workspace.
   *
   * @throws io.tangentflow.TangentFlowException.NonFiniteState if an entry is not finite
   */
  public Kernel kernel(Weights weights, Workspace workspace) {
    if (!mean) {
      EmpiricalNtk.Result result = result(weights, workspace);
      return new Kernel(result.gram(), truncation(result));
    }
    double truncation = 0;
    int outputs = weights.v().rows();
    DenseMatrix sum = DenseMatrix.zeros(inputs.columns(), inputs.columns());
    for (int o = 0; o < outputs; o++) {
      // A network of this output alone has its gradients by U and W, and one row of those by V.
      Weights alone = new Weights(model, weights.u(), weights.flow(), weights.v().rowRange(o, 1));
      EmpiricalNtk.Result result = result(alone, workspace);
      truncation += truncation(result) / outputs;
      for (int k = 0; k < sum.values().length; k++) {
        sum.values()[k] += result.gram().values()[k] / outputs;
      }
    }
    return new Kernel(sum, truncation);
  }

  /** By the plan; all pairs are kept where training has led to gradients that need them. */
  private EmpiricalNtk.Result result(Weights weights, Workspace workspace) {
    if (plan.nodes().all()) {
      return result(exact, weights, workspace);
    }
    try {
      return result(plan, weights, workspace);
    } catch (InvalidConfiguration notSmooth) {
      return result(exact, weights, workspace);
    }
  }

  private EmpiricalNtk.Result result(GramPlan by, Weights weights, Workspace workspace) {
    return new EmpiricalNtk(model, method, by)
        .ofBlocks(blocks)
        .gram(weights, inputs, workspace, fraction -> {});
  }

  /** By ‖K‖_F, which the greatest eigenvalue does not exceed. */
  private static double truncation(EmpiricalNtk.Result result) {
    return result.compression().map(c -> c.gramTruncation(result.gram().norm())).orElse(0.0);
  }

  /**
   * What is said of a kernel.
   *
   * @param start the one at the start; empty for itself
   */
  public static Reading read(Kernel kernel, Optional<DenseMatrix> start, Precision precision) {
    DenseMatrix gram = kernel.gram();
    Spectrum.Ends ends = Spectrum.ends(gram);
    double doubt =
        kernel.entryError(precision) * gram.rows()
            + Math.max(ends.least().errorBound(), ends.greatest().errorBound());
    double change = start.map(first -> change(gram, first)).orElse(0.0);
    return new Reading(ends.least().value(), ends.greatest().value(), doubt, change);
  }

  private static double change(DenseMatrix gram, DenseMatrix start) {
    double distance = gram.distance(start);
    return distance == 0 ? 0 : distance / start.norm();
  }
}
