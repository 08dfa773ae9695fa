package io.tangentflow.experiment.paper;

import java.util.Locale;

/** How large the experiments are. */
public enum PaperScale {
  /** Whether all of it works: every figure in a few minutes on two cores. */
  SMOKE,
  /** What shows on a workstation in an evening. */
  DEFAULT,
  /** The paper's widths and samples; meant for a GPU. */
  PAPER;

  /** What an experiment takes at this scale. */
  <T> T of(T smoke, T normal, T paper) {
    return switch (this) {
      case SMOKE -> smoke;
      case DEFAULT -> normal;
      case PAPER -> paper;
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
