package io.tangentflow.data;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Philox;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Independent points x, uniform on the sphere ‖x‖² = d, with the target y = sin x₀ (x₀ the first
 * coordinate, of mean 0 and variance 1). Sample j is (√d/‖z‖) z, where z are numbers j·d … j·d + d
 * − 1 of Philox stream 16: it does not depend on how many samples are asked for.
 *
 * @param dimension d
 * @param seed the seed of the points, if they shall not follow the one given to {@link #load}
 */
public record Synthetic(int dimension, OptionalLong seed) implements DataSource {

  private static final int STREAM = 16;

  public Synthetic {
    if (dimension < 1) {
      throw new InvalidConfiguration(
          "--data", "synthetic:d=" + dimension + " needs d of at least 1");
    }
  }

  @Override
  public Dataset load(int samples, long defaultSeed) {
    Dataset.requireOneArray(samples, dimension);
    long used = seed.orElse(defaultSeed);
    DenseMatrix inputs = DenseMatrix.zeros(dimension, samples);
    double[] x = inputs.values();
    Philox.gaussian(used, STREAM, 0, x.length, (index, z) -> x[index] = z);
    DenseMatrix targets = DenseMatrix.zeros(1, samples);
    for (int j = 0; j < samples; j++) {
      toSphere(x, j * dimension);
      targets.set(0, j, Math.sin(inputs.get(0, j)));
    }
    return new Dataset(
        "synthetic:d=" + dimension + ",seed=" + used,
        inputs,
        Optional.of(targets),
        Optional.empty(),
        List.of());
  }

  private void toSphere(double[] x, int from) {
    double squares = 0;
    for (int i = from; i < from + dimension; i++) {
      squares += x[i] * x[i];
    }
    double scale = Math.sqrt(dimension / squares);
    for (int i = from; i < from + dimension; i++) {
      x[i] *= scale;
    }
  }
}
