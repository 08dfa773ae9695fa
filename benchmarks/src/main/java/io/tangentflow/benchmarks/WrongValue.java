package io.tangentflow.benchmarks;

/** What was timed did not compute what it should. */
public final class WrongValue extends RuntimeException {

  private static final long serialVersionUID = 1L;

  WrongValue(String what, double expected, double actual, double bound) {
    super(
        String.format(
            "%s is %.17g where another computation gives %.17g; rounding allows a difference of"
                + " %.3g",
            what, actual, expected, bound));
  }
}
