package io.tangentflow.cli;

import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.WorkUnit;

/** Tells of units of work beside a bar of progress. */
class UnitNarration implements UnitExecutor.Listener {

  private final Console console;
  private final Console.Progress progress;

  UnitNarration(Console console, Console.Progress progress) {
    this.console = console;
    this.progress = progress;
  }

  @Override
  public void begin(WorkUnit unit) {
    progress.detail(unit.words());
  }

  @Override
  public void status(String line) {
    console.status(line);
  }

  @Override
  public void warning(String line) {
    console.warning(line);
  }

  @Override
  public void progress(double fraction, String words) {
    progress.detail(String.format("%s, %.0f %%", words, 100 * fraction));
  }

  @Override
  public void failed(WorkUnit unit) {
    console.status("stopped at " + unit.words());
  }
}
