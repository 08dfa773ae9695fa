package io.tangentflow.experiment.paper;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.EnsembleSolver;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;

/**
 * The outputs of independent residual networks at the same samples, in FP32.
 *
 * @param depth L
 * @param outputs m
 * @param networks B, of successive seeds
 * @param seed of the first
 */
record Draws(Data data, Model model, int depth, int outputs, int networks, long seed) {

  double operations() {
    // Drawing the weights takes about as long as so many operations each.
    double drawing = 20.0 * model.width() * model.width();
    return networks * (drawing + model.forwardOperations(data.samples(), depth));
  }

  /** f, mN×B: entry (i·m + o, b) is output o of network b at sample i. */
  DenseMatrix outputs(Laboratory laboratory, String words) {
    Dataset dataset = laboratory.load(data);
    NeuralOde network = model.on(dataset.dimension(), outputs);
    Backend backend = laboratory.backend(Precision.FP32);
    long bytes = laboratory.budget(backend).deviceBytes();
    if (model.width() > Ensemble.GREATEST_WIDTH) {
      return oneByOne(network, dataset.inputs(), backend, bytes, laboratory, words);
    }
    Ensemble ensemble = new Ensemble(network, Ensemble.Method.EULER, depth, seed, networks);
    return new EnsembleSolver(ensemble, dataset.inputs(), backend, bytes)
        .outputs(done -> laboratory.progress(done / (double) networks, words));
  }

  private DenseMatrix oneByOne(
      NeuralOde network,
      DenseMatrix inputs,
      Backend backend,
      long bytes,
      Laboratory laboratory,
      String words) {
    GradientMethod method =
        GradientMethods.discrete(
            StandardDynamics.PRE_ACTIVATION, new TimeGrid(Tableau.EULER, depth));
    int rows = outputs * inputs.columns();
    DenseMatrix all = DenseMatrix.zeros(rows, networks);
    for (int b = 0; b < networks; b++) {
      try (Workspace workspace = backend.workspace(words, bytes)) {
        Weights weights = Weights.place(network, new Parameters.Seeded(seed + b), workspace);
        Matrix x = weights.upload(inputs, workspace);
        double[] f = backend.download(method.outputs(weights, x, workspace)).values();
        System.arraycopy(f, 0, all.values(), b * rows, rows);
      }
      laboratory.progress((b + 1.0) / networks, words);
    }
    return all;
  }
}
