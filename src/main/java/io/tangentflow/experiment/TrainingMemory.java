package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Weights;
import io.tangentflow.train.KernelMonitor;
import io.tangentflow.train.ParameterDistance;
import io.tangentflow.train.Training;
import java.util.Optional;

/**
 * What a training holds at one time, planned before anything is allocated. What steps take is known
 * of the fused passes alone; of other methods it is left out.
 */
record TrainingMemory(TrainingProblem problem, Backend backend, MemoryBudget budget) {

  /** More than there is anywhere. */
  private static final long MOST_BYTES = 1L << 60;

  /**
   * The monitor of the tangent kernel, where it is watched, in the memory that the training leaves.
   *
   * @throws OutOfMemory naming all that the training needs, if there is less
   */
  Optional<KernelMonitor> monitor() {
    Optional<KernelMonitor> monitor =
        problem.watched() ? planned(budget.deviceBytes() - kept()) : Optional.empty();
    long least = weights() + looking();
    if (problem.watched() && monitor.isEmpty()) {
      least = Math.max(least, leastOfKernel());
    }
    long needed = Math.max(kept() + least, beginning());
    if (needed > budget.deviceBytes()) {
      throw budget.refusal(
          String.format(
              "training %d samples at width %d",
              problem.inputs().columns(), problem.model().width()),
          needed,
          0);
    }
    return monitor;
  }

  /** Empty where so much does not do with all of W, which the training holds. */
  private Optional<KernelMonitor> planned(long bytes) {
    try {
      return Optional.of(kernel(bytes)).filter(monitor -> !monitor.plan().weightsByPanels());
    } catch (OutOfMemory e) {
      return Optional.empty();
    }
  }

  private KernelMonitor kernel(long bytes) {
    return new KernelMonitor(
        problem.model(),
        problem.method(),
        problem.configuration().descent().blocks(),
        problem.inputs().columnRange(0, problem.samplesOfKernel()),
        problem.meanOfOutputs(),
        backend.precision(),
        MemoryBudget.of(backend, bytes));
  }

  /**
   * What it does with, to a 64th. 0 if no memory is enough, as W is no array.
   *
   * @throws OutOfMemory if it is the host's memory that is too small
   */
  private long leastOfKernel() {
    long most = weights();
    while (planned(most).isEmpty()) {
      most *= 2;
      if (most > MOST_BYTES) {
        kernel(most);
        return 0;
      }
    }
    long less = most / 2;
    while (most - less > most / 64) {
      long middle = (less + most) / 2;
      if (planned(middle).isPresent()) {
        most = middle;
      } else {
        less = middle;
      }
    }
    return most;
  }

  private long weights() {
    return Weights.bytes(problem.model(), number());
  }

  /** All but the weights that stays from the first step to the last. */
  private long kept() {
    int samples = problem.inputs().columns();
    int tests = problem.testInputs().map(DenseMatrix::columns).orElse(0);
    return data(samples + tests)
        + (problem.method() instanceof DiscreteAdjoint
            ? Training.bytes(
                TrainingBeginning.setup(problem, 1), problem.model(), samples, number())
            : 0);
  }

  /** Inputs and targets. */
  private long data(int samples) {
    NeuralOde model = problem.model();
    return (long) samples * (model.inputDim() + model.outputs()) * number();
  }

  /** What the first outputs take, of all samples whatever a step takes. */
  private long beginning() {
    int samples = problem.inputs().columns();
    return problem.method() instanceof DiscreteAdjoint discrete
        ? weights()
            + 2 * data(samples)
            + new FixedStepSolver(discrete.grid()).outputBytes(problem.model(), samples, number())
        : 0;
  }

  /** What a look at losses or distances takes beside it. */
  private long looking() {
    NeuralOde model = problem.model();
    int batch = problem.batchSize();
    long losses =
        problem.method() instanceof DiscreteAdjoint discrete
            ? new FixedStepSolver(discrete.grid()).outputBytes(model, batch, number())
                + (long) model.outputs() * batch * number()
            : 0;
    return problem.configuration().watch().distance() > 0
        ? Math.max(losses, ParameterDistance.bytes(model, number()))
        : losses;
  }

  private int number() {
    return backend.precision().bytes();
  }
}
