package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An array of shape (N, d) in an {@code .npy} file, a sample per row, without targets. A vector is
 * N samples of dimension 1.
 */
public record NpyFile(Path file) implements DataSource {

  @Override
  public Dataset load(int samples, long seed) {
    return all().subset(samples, seed);
  }

  /**
   * All samples, in the file's order.
   *
   * @throws DataFormat as {@link Npy#read} does, if there is no sample or no feature, and at the
   *     first sample that is not finite
   */
  public Dataset all() {
    Npy.Loaded loaded = Npy.readWithProvenance(file);
    DenseMatrix rows = loaded.matrix();
    if (rows.values().length == 0) {
      throw new DataFormat(
          file,
          "has "
              + rows.rows()
              + " samples of "
              + rows.columns()
              + " features, and needs one of each",
          null);
    }
    return new Dataset(
        "npy:" + file.getFileName(),
        rows.transpose(),
        Optional.empty(),
        Optional.empty(),
        List.of(loaded.provenance()));
  }
}
