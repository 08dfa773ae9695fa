package io.tangentflow.experiment.paper;

/** Softplus against ReLU in training. */
final class Figure7 extends ActivationFigure {

  Figure7() {
    super(7, "relu", "ReLU", 1, WideTraining.RATE, true);
  }
}
