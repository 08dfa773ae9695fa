package io.tangentflow.backend;

/** Whether a factor of a product enters as it is or transposed. */
public enum Transpose {
  NO,
  YES
}
