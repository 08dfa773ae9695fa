package io.tangentflow.kernel.empirical;

import java.util.List;

/**
 * A plan with the time that it is expected to take.
 *
 * @param parts the work it consists of, in its order; empty where times cannot be foreseen
 */
public record GramForecast(GramPlan plan, List<Part> parts) {

  public GramForecast {
    parts = List.copyOf(parts);
  }

  /**
   * A kind of work.
   *
   * @param work for people, as "solves forward and back"
   */
  public record Part(String work, double seconds) {}

  /** Whether the time is known: not of a stand-in for a device, nor of methods of unknown steps. */
  public boolean known() {
    return !parts.isEmpty();
  }

  /** Of all parts together. */
  public double seconds() {
    return parts.stream().mapToDouble(Part::seconds).sum();
  }

  @Override
  public String toString() {
    return plan + (known() ? String.format(", about %.2g s", seconds()) : "");
  }
}
