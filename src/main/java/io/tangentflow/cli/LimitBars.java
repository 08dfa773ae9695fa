package io.tangentflow.cli;

import io.tangentflow.kernel.limit.LimitProgress;

/** Progress of limiting kernels: of the table, if one is made over a range of norms, then pairs. */
final class LimitBars implements LimitProgress, AutoCloseable {

  private final Console console;
  private final long pairs;
  private Console.Progress current;
  private long currentTotal;

  LimitBars(Console console, long pairs) {
    this.console = console;
    this.pairs = pairs;
  }

  @Override
  public synchronized void tabulated(long values, long total) {
    at("values of the table", values, total);
  }

  @Override
  public synchronized void finished(long done) {
    at("pairs", done, pairs);
  }

  /** A new bar for a new piece of work. */
  private void at(String task, long done, long total) {
    if (current == null || total != currentTotal) {
      close();
      current = console.progress(task, total);
      currentTotal = total;
    }
    current.at(done);
  }

  @Override
  public synchronized void close() {
    if (current != null) {
      current.close();
    }
  }
}
