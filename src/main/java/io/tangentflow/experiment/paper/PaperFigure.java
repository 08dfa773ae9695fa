package io.tangentflow.experiment.paper;

import java.util.List;

/** A figure of the paper: what it takes, how it is drawn, what the paper claims by it. */
interface PaperFigure {

  /** As the command line calls it: {@code fig1}. */
  String name();

  /** What it shows, in a few words. */
  String title();

  /** What the paper leaves open, or what was chosen otherwise, a sentence each. */
  List<String> choices(Reproduction reproduction);

  /** What it takes. */
  List<Task> tasks(Reproduction reproduction);

  /** What the numbers say, of finished tasks. */
  Findings findings(Reproduction reproduction, Results results);
}
