package io.tangentflow.kernel.dual;

/** Of an index, in the order of its remainder modulo 2. */
public enum Parity {
  EVEN,
  ODD
}
