package io.tangentflow.experiment.paper;

/** Training on Daily Climate. */
final class Figure11 extends CorpusFigure {

  Figure11() {
    super(11, Corpus.DAILY_CLIMATE);
  }
}
