package io.tangentflow.kernel.limit;

/** Hears how far the limiting kernels of many pairs are. Calls may come from any thread. */
@FunctionalInterface
public interface LimitProgress {

  /** So many pairs out of N(N+1)/2 are finished; in ascending order. */
  void finished(long pairs);

  /** So many values of pairs, of {@code total}, are known for a series over a range of norms. */
  default void tabulated(long values, long total) {}
}
