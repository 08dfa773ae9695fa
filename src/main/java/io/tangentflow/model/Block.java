package io.tangentflow.model;

/** One of the three matrices of a network's parameters. */
public enum Block {
  /** The input map, n×d. */
  U(Parameters.STREAM_U),
  /** The flow, n×n. */
  W(Parameters.STREAM_W),
  /** The output map, m×n. */
  V(Parameters.STREAM_V);

  private final int stream;

  Block(int stream) {
    this.stream = stream;
  }

  /** The Philox stream that its entries are drawn from. */
  public int stream() {
    return stream;
  }
}
