package io.tangentflow.backend.check;

import io.tangentflow.TangentFlowException.CudaFailure;
import io.tangentflow.backend.Backend;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The check of an operation: its results on a backend against those of the FP64 reference.
 *
 * @param name for people
 * @param methods of {@link Backend} that it would find wrong
 */
public record OperationCheck(String name, Set<String> methods, Consumer<Trial> body) {

  /** Memory that the largest check takes. */
  private static final long BUDGET = 256L << 20;

  /**
   * What was found.
   *
   * @param numbers that were compared
   * @param worst largest error as a fraction of its bound
   * @param fault what else was wrong, for the end of a sentence that begins with the operation
   */
  public record Outcome(int numbers, double worst, Optional<String> fault) {
    /** Whether every number was within its bound, there were some, and nothing else was wrong. */
    public boolean holds() {
      return numbers > 0 && worst <= 1 && fault.isEmpty();
    }
  }

  /**
   * Runs it.
   *
   * @param reference the FP64 reference backend
   * @throws CudaFailure that names this check
   */
  public Outcome run(Backend tested, Backend reference) {
    try (Trial trial = new Trial(tested, reference, BUDGET)) {
      body.accept(trial);
      return trial.outcome();
    } catch (CudaFailure e) {
      throw e.during("the check of " + name);
    }
  }
}
