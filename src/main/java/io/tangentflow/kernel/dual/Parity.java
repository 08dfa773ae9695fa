package io.tangentflow.kernel.dual;

/** Of a whole number. */
public enum Parity {
  /** Divisible by two. */
  EVEN {
    @Override
    boolean of(int k) {
      return k % 2 == 0;
    }
  },
  /** Not divisible by two. */
  ODD {
    @Override
    boolean of(int k) {
      return k % 2 != 0;
    }
  };

  abstract boolean of(int k);
}
