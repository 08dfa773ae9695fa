package io.tangentflow.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Ensemble.Method;
import io.tangentflow.backend.Precision;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.EnsembleSolver;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The covariance of the outputs of thousands of networks against the limiting NNGP: of the same
 * depth for Euler's method, of the continuum for six steps of RK4, whose error is below 1e-5.
 *
 * <p>The outputs have mean zero, so a network's estimate of the covariance is the mean over its
 * outputs of f_o(x_i) f_o(x_j); the standard error is that of independent networks. FP32 is off by
 * some 1e-6. Seventy entries of independent noise would leave four standard errors in one of two
 * hundred runs; the seeds are fixed, so that the test passes always or never.
 */
class MonteCarloNngpTest {

  private static final int OUTPUTS = 16;
  private static final int NARROW = 32;
  private static final int WIDE = 128;
  private static final int NETWORKS = 8000;

  /** Two of one norm, two of others, one of them opposite to the first. */
  private static final DenseMatrix INPUTS =
      new DenseMatrix(
          3, 4, new double[] {1, -0.5, 0.8, 0.5, 0.8, 1, -0.7, 0.35, -0.56, 0.2, 1.6, 0});

  @ParameterizedTest
  @CsvSource({
    "SOFTPLUS, EULER, 0.9, 0.05",
    "RELU, EULER, 0.9, 0.05",
    "GELU, EULER, 0.9, 0.05",
    "TANH, EULER, 0.9, 0.05",
    "QUADRATIC, EULER, 0.3, 0.08",
    "SOFTPLUS, RK4, 0.9, 0.05",
    "RELU, RK4, 0.9, 0.05"
  })
  void covarianceOfWideNetworksIsWhereNarrowOnesAndTheLimitPredict(
      StandardActivation phi, Method method, double sigmaW, double greatestBound) {
    NeuralOde model = new NeuralOde(3, WIDE, OUTPUTS, 1, 1.1, sigmaW, 0.8, phi);
    int depth = method == Method.EULER ? 4 : 6;
    LimitingKernel kernel =
        method == Method.EULER ? new FiniteDepthLimit(model, depth) : new ContinuumLimit(model);
    DenseMatrix limit = kernel.gram(INPUTS).nngp();
    EntryMoments across = new EntryMoments(WIDE, INPUTS.columns());
    EntryMoments narrow =
        moments(
            new Ensemble(model.withWidth(NARROW), method, depth, NETWORKS, NETWORKS),
            new EntryMoments(NARROW, INPUTS.columns()));
    EntryMoments wide = moments(new Ensemble(model, method, depth, 0, NETWORKS), across);
    wide.assertPredicted(limit, narrow, 4, greatestBound);
    for (int j = 0; j < INPUTS.columns(); j++) {
      for (int i = 0; i < INPUTS.columns(); i++) {
        assertEquals(
            0, across.mean(i, j), 4 * across.standardError(i, j), "two outputs are uncorrelated");
      }
    }
  }

  /**
   * The covariance of each output over inputs.
   *
   * @param across receives that of the first output with the second
   */
  private static EntryMoments moments(Ensemble ensemble, EntryMoments across) {
    int samples = INPUTS.columns();
    EntryMoments moments = new EntryMoments(ensemble.model().width(), samples);
    try (Backend backend = Backends.open(Backends.AUTO, new BackendOptions(Precision.FP32, 2))) {
      new EnsembleSolver(ensemble, INPUTS, backend, 1L << 28)
          .solve(
              (first, f) -> {
                for (int b = 0; b < f.columns(); b++) {
                  DenseMatrix same = DenseMatrix.zeros(samples, samples);
                  DenseMatrix other = DenseMatrix.zeros(samples, samples);
                  for (int i = 0; i < samples; i++) {
                    for (int j = 0; j < samples; j++) {
                      double sum = 0;
                      for (int o = 0; o < OUTPUTS; o++) {
                        sum += f.get(i * OUTPUTS + o, b) * f.get(j * OUTPUTS + o, b);
                      }
                      same.set(i, j, sum / OUTPUTS);
                      other.set(i, j, f.get(i * OUTPUTS, b) * f.get(j * OUTPUTS + 1, b));
                    }
                  }
                  moments.add(same);
                  across.add(other);
                }
              });
    }
    return moments;
  }
}
