package io.tangentflow.experiment.paper;

import io.tangentflow.data.Normalisation;
import io.tangentflow.experiment.Targets;
import java.nio.file.Path;

/** A data set of the paper, and where {@code --data-dir} looks for it. */
enum Corpus {
  MNIST("mnist:", "mnist", "", "MNIST", Normalisation.SPHERE, Targets.Coding.ONEHOT),
  CIFAR10("cifar10:", "cifar10", "", "CIFAR-10", Normalisation.SPHERE, Targets.Coding.ONEHOT),
  AG_NEWS("agnews:", "agnews", "#d=4096", "AG News", Normalisation.SPHERE, Targets.Coding.ONEHOT),
  DAILY_CLIMATE(
      "climate:",
      "daily-climate",
      "#days=7",
      "Daily Climate",
      Normalisation.STANDARD,
      Targets.Coding.STANDARD);

  private final String kind;
  private final String directory;
  private final String parameters;
  private final String label;
  private final Normalisation normalisation;
  private final Targets.Coding targets;

  Corpus(
      String kind,
      String directory,
      String parameters,
      String label,
      Normalisation normalisation,
      Targets.Coding targets) {
    this.kind = kind;
    this.directory = directory;
    this.parameters = parameters;
    this.label = label;
    this.normalisation = normalisation;
    this.targets = targets;
  }

  /** As {@code --data} takes it. */
  String source(Path dataDir) {
    return kind + dataDir.resolve(directory) + parameters;
  }

  /** What the paper calls it. */
  String label() {
    return label;
  }

  /** How its inputs are scaled. */
  Normalisation normalisation() {
    return normalisation;
  }

  /** How its targets are coded. */
  Targets.Coding targets() {
    return targets;
  }
}
