package io.tangentflow.kernel.dual;

/** Of a whole number. */
public enum Parity {
  EVEN {
    @Override
    boolean of(int k) {
      return k % 2 == 0;
    }
  },
  ODD {
    @Override
    boolean of(int k) {
      return k % 2 != 0;
    }
  };

  abstract boolean of(int k);
}
