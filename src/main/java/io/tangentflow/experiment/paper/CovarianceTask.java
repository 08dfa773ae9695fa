package io.tangentflow.experiment.paper;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.data.Dataset;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.spectrum.Spectrum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The covariance of outputs at several samples over the networks, with the known mean 0: C = F
 * Fᵀ/B, N×N.
 *
 * @param entries whether its entries are wanted, or its least eigenvalue alone
 */
record CovarianceTask(Draws draws, boolean entries) implements DrawsTask {

  /** x_i·x_j/d, i &lt; j, row by row. */
  static final String INPUTS = "inputCovariance";

  /** C_ij, i &lt; j, row by row. */
  static final String OUTPUTS = "outputCovariance";

  /** C_ii. */
  static final String VARIANCES = "outputVariance";

  static final String LEAST = "leastEigenvalue";

  /** How far rounding may have moved it. */
  static final String LEAST_ERROR = "leastEigenvalueError";

  static final String GREATEST = "greatestEigenvalue";

  @Override
  public Map<String, List<Double>> compute(Laboratory laboratory) {
    DenseMatrix f = draws.outputs(laboratory, words());
    DenseMatrix covariance = gram(f.transpose(), f.columns(), laboratory);
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    Spectrum.Ends ends = Spectrum.ends(covariance);
    numbers.put(LEAST, TaskLine.list(ends.least().value()));
    numbers.put(LEAST_ERROR, TaskLine.list(ends.least().errorBound()));
    numbers.put(GREATEST, TaskLine.list(ends.greatest().value()));
    if (entries) {
      Dataset dataset = laboratory.load(data());
      DenseMatrix inputs = gram(dataset.inputs(), dataset.dimension(), laboratory);
      numbers.put(INPUTS, above(inputs));
      numbers.put(OUTPUTS, above(covariance));
      List<Double> variances = new ArrayList<>();
      for (int i = 0; i < covariance.rows(); i++) {
        variances.add(covariance.get(i, i));
      }
      numbers.put(VARIANCES, variances);
    }
    return numbers;
  }

  /** XᵀX/k. */
  private static DenseMatrix gram(DenseMatrix x, double k, Laboratory laboratory) {
    Backend backend = laboratory.backend(Precision.FP64);
    try (Workspace workspace =
        backend.workspace("a covariance", laboratory.budget(backend).deviceBytes())) {
      Matrix product = workspace.allocate(x.columns(), x.columns());
      backend.syrk(workspace.upload(x), product);
      double[] sums = backend.download(product).values();
      return new DenseMatrix(
          x.columns(), x.columns(), Arrays.stream(sums).map(sum -> sum / k).toArray());
    }
  }

  private static List<Double> above(DenseMatrix symmetric) {
    List<Double> entries = new ArrayList<>();
    for (int i = 0; i < symmetric.rows(); i++) {
      for (int j = i + 1; j < symmetric.columns(); j++) {
        entries.add(symmetric.get(i, j));
      }
    }
    return entries;
  }
}
