package io.tangentflow.kernel.empirical;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * What FP32 costs: the Gram of the first few samples computed again in FP64 on the same backend,
 * and set beside the same block of the FP32 Gram.
 */
public final class PrecisionCheck {

  /** Samples that are computed again: few, since a network's error is much the same for each. */
  public static final int SAMPLES = 8;

  private PrecisionCheck() {}

  /**
   * The relative Frobenius difference of that block of the Gram from FP64; 0 where they are equal,
   * also if both vanish.
   *
   * @param ofSamples the kernel of the first so many samples, planned for FP64
   * @param inputs d×N, those of the Gram
   * @param gram in FP32, Nm×Nm, with the outputs of a sample as neighbours
   */
  public static double relativeDifference(
      IntFunction<EmpiricalNtk> ofSamples,
      Parameters parameters,
      DenseMatrix inputs,
      DenseMatrix gram,
      String backendName,
      int threads) {
    int samples = Math.min(SAMPLES, inputs.columns());
    DenseMatrix first =
        new DenseMatrix(
            inputs.rows(), samples, Arrays.copyOf(inputs.values(), samples * inputs.rows()));
    try (Backend backend =
        Backends.open(backendName, new BackendOptions(Precision.FP64, threads))) {
      DenseMatrix exact =
          ofSamples.apply(samples).gram(parameters, first, backend, fraction -> {}).gram();
      DenseMatrix block = DenseMatrix.zeros(exact.rows(), exact.columns());
      for (int j = 0; j < block.columns(); j++) {
        for (int i = 0; i < block.rows(); i++) {
          block.set(i, j, gram.get(i, j));
        }
      }
      double distance = block.distance(exact);
      return distance == 0 ? 0 : distance / exact.norm();
    }
  }
}
