package io.tangentflow.experiment.timing;

/** What the size of a job is varied in. */
public enum ScalingAxis {
  WIDTH("width", "n"),
  SAMPLES("samples", "N"),
  DEPTH("depth", "L"),
  NODES("nodes", "Q");

  private final String key;
  private final String symbol;

  ScalingAxis(String key, String symbol) {
    this.key = key;
    this.symbol = symbol;
  }

  /** As in JSON and names of files. */
  public String key() {
    return key;
  }

  /** As in formulas. */
  public String symbol() {
    return symbol;
  }
}
