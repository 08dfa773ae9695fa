package io.tangentflow.experiment.paper;

/** Training on CIFAR-10. */
final class Figure9 extends CorpusFigure {

  Figure9() {
    super(9, Corpus.CIFAR10);
  }
}
