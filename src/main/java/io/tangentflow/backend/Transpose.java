package io.tangentflow.backend;

/** Whether a factor of a product enters as it is or transposed. */
public enum Transpose {
  /** As it is. */
  NO,
  /** With rows and columns exchanged. */
  YES
}
