package io.tangentflow.experiment.paper;

import io.tangentflow.report.Plot;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.List;

/** What a figure's numbers say. */
final class Findings {

  /**
   * A part of a figure.
   *
   * @param name like {@code 1a}
   * @param caption the sentence below it
   */
  record Panel(String name, Plot plot, String caption) {}

  private final List<Panel> panels = new ArrayList<>();
  private final List<Table> tables = new ArrayList<>();
  private final List<Verdict> verdicts = new ArrayList<>();
  private final List<String> remarks = new ArrayList<>();

  /** A plot of which nothing is left, as where all trainings diverged, is no panel. */
  Findings panel(String name, Plot plot, String caption) {
    if (!plot.series().isEmpty()) {
      panels.add(new Panel(name, plot, caption));
    }
    return this;
  }

  Findings table(Table table) {
    tables.add(table);
    return this;
  }

  Findings verdict(Verdict verdict) {
    verdicts.add(verdict);
    return this;
  }

  /** A sentence beside the verdicts: what explains them. */
  Findings remark(String sentence) {
    remarks.add(sentence);
    return this;
  }

  List<Panel> panels() {
    return List.copyOf(panels);
  }

  List<Table> tables() {
    return List.copyOf(tables);
  }

  List<Verdict> verdicts() {
    return List.copyOf(verdicts);
  }

  List<String> remarks() {
    return List.copyOf(remarks);
  }
}
