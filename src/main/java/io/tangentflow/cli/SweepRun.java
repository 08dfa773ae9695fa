package io.tangentflow.cli;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Dataset;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.report.Numbers;
import io.tangentflow.sweep.Cell;
import io.tangentflow.sweep.CellResult;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.Sweep;
import io.tangentflow.sweep.SweepConfiguration;
import io.tangentflow.sweep.SweepResults;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** What the commands that run or go on with a sweep share. */
final class SweepRun {

  private final Console console;
  private final MemoryOption memory;

  SweepRun(Console console, MemoryOption memory) {
    this.console = console;
    this.memory = memory;
  }

  /** Runs a sweep in a new directory. */
  int begin(String command, SweepConfiguration configuration, Path directory) {
    RunDirectory.requireVacant(directory);
    Dataset dataset = configuration.load();
    try (Backend backend = Sweep.open(configuration)) {
      MemoryBudget budget = memory.budget(backend);
      Sweep.requireMemory(configuration, dataset.dimension(), backend, budget);
      Sweep.requireLimits(configuration, dataset);
      Manifest manifest =
          Manifest.of(Sweep.KIND, command, configuration, dataset.provenance(), backend);
      try (RunDirectory run = RunDirectory.create(directory, manifest)) {
        return run(configuration, run, dataset, backend, budget);
      }
    }
  }

  /** Goes on with a sweep: computes what is missing, then writes its report. */
  int resume(RunDirectory run) {
    Manifest manifest = run.manifest();
    SweepConfiguration configuration = new SweepResults(run).configuration();
    Dataset dataset = configuration.load();
    manifest.requireSameData(dataset.provenance(), run.path());
    try (Backend backend = Sweep.open(configuration)) {
      MemoryBudget budget = memory.budget(backend);
      Sweep.requireMemory(configuration, dataset.dimension(), backend, budget);
      Runs.reportChanges(manifest, backend, console);
      return run(configuration, run, dataset, backend, budget);
    }
  }

  private int run(
      SweepConfiguration configuration,
      RunDirectory run,
      Dataset dataset,
      Backend backend,
      MemoryBudget budget) {
    int cells = configuration.cells().size();
    int finished = new SweepResults(run).cells().size();
    console.status(
        String.format(
            "%s: %d of %d networks to compute on %s, %s",
            run.path(), cells - finished, cells, backend.name(), backend.description()));
    Interruption interruption = Interruption.atOnce(console, run.path());
    try (Console.Progress progress = console.progress("networks", cells)) {
      progress.at(finished);
      new Sweep(configuration, run, dataset, backend, budget).run(new Narration(progress));
    } finally {
      interruption.close();
    }
    return SweepReport.write(run, console);
  }

  /** Tells of each limiting kernel, moves the bar, and names the network that a failure is of. */
  private final class Narration implements Sweep.Listener {
    private final Console.Progress progress;
    private String limit = "";
    private final Set<Integer> widthsByPanels = new HashSet<>();

    Narration(Console.Progress progress) {
      this.progress = progress;
    }

    @Override
    public void begin(Cell cell) {
      progress.detail(cell.activation() + ", width " + cell.width() + ", seed " + cell.seed());
    }

    /** What it costs not to hold W is said once for each width. */
    @Override
    public void plan(Cell cell, GramPlan plan) {
      if (plan.weightsByPanels() && widthsByPanels.add(cell.width())) {
        console.status("width " + cell.width() + ": W does not fit in memory; " + plan);
      }
    }

    @Override
    public synchronized void limit(String name, long pairs, long of) {
      if (!limit.equals(name)) {
        limit = name;
        console.status("limiting kernel " + name + " of " + of + " pairs of samples");
      }
    }

    @Override
    public void cell(CellResult result, int done, int of) {
      progress.at(done);
      progress.detail(
          "width "
              + result.cell().width()
              + ", error "
              + Numbers.significant(result.relativeError(), 2));
    }

    @Override
    public void failed(Cell cell) {
      console.status(
          String.format(
              "stopped at %s, %d steps of %s, width %d, seed %d",
              cell.activation(), cell.depth(), cell.solver(), cell.width(), cell.seed()));
    }
  }
}
