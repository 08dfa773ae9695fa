package io.tangentflow.experiment.timing;

/** What the size of a job is varied in. */
public enum ScalingAxis {
  /** Units of the network. */
  WIDTH("width", "n"),
  /** Inputs of the Gram matrix or batch. */
  SAMPLES("samples", "N"),
  /** Steps of the solution. */
  DEPTH("depth", "L"),
  /** Nodes in time that features are kept at. */
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
