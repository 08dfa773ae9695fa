package io.tangentflow.experiment.paper;

import io.tangentflow.model.Activations;
import io.tangentflow.model.NeuralOde;

/**
 * A network's hyper-parameters but for those that data decide; σu = σv = 1.
 *
 * @param activation its label
 * @param width n
 * @param horizon T
 * @param sigmaW σw
 */
record Model(String activation, int width, double horizon, double sigmaW) {

  /** T = σw = 1, as for all figures of which the paper says nothing else. */
  static Model of(String activation, int width) {
    return new Model(activation, width, 1, 1);
  }

  NeuralOde on(int inputDim, int outputs) {
    return new NeuralOde(
        inputDim, width, outputs, horizon, 1, sigmaW, 1, Activations.named(activation));
  }

  String words() {
    return activation + ", width " + width;
  }

  /** Of a forward pass of so many samples. */
  double forwardOperations(double samples, double steps) {
    return 2.0 * width * width * samples * steps;
  }
}
