package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
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
   */
  public record Outcome(int numbers, double worst) {
    /** Whether every number was within its bound, and there were some. */
    public boolean holds() {
      return numbers > 0 && worst <= 1;
    }
  }

  /**
   * Runs it.
   *
   * @param reference the FP64 reference backend
   */
  public Outcome run(Backend tested, Backend reference) {
    try (Trial trial = new Trial(tested, reference, BUDGET)) {
      body.accept(trial);
      return new Outcome(trial.comparisons(), trial.worst());
    }
  }
}
