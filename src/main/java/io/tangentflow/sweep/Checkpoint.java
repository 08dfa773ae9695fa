package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Set;

/**
 * A whole checkpoint on the disk: what a run was at after a step, to the last bit. Its files had
 * the bytes that were written when it was opened; each matrix is read when it is asked for, under
 * its hash, so that no more than one need be in memory.
 */
public final class Checkpoint {

  private final Path directory;
  private final long step;
  private final ObjectNode state;
  private final Map<String, CheckpointFiles.MatrixFile> matrices;

  Checkpoint(
      Path directory,
      long step,
      ObjectNode state,
      Map<String, CheckpointFiles.MatrixFile> matrices) {
    this.directory = directory;
    this.step = step;
    this.state = state;
    this.matrices = Collections.unmodifiableMap(matrices);
  }

  /** The number of steps that had been done. */
  public long step() {
    return step;
  }

  /** What the run saved beside its matrices; a copy. */
  public ObjectNode state() {
    return state.deepCopy();
  }

  /** The names of the matrices, in the order in which they were saved. */
  public Set<String> names() {
    return matrices.keySet();
  }

  /**
   * Reads a matrix; it is the caller's.
   *
   * @throws DataFormat if there is none of that name, or its file has changed
   */
  public DenseMatrix matrix(String name) {
    CheckpointFiles.MatrixFile file = matrices.get(name);
    if (file == null) {
      throw new DataFormat(directory, "has no matrix " + name, null);
    }
    Path path = directory.resolve(file.file());
    Npy.Loaded loaded = Npy.readWithProvenance(path);
    CheckpointFiles.requireHash(path, file.sha256(), loaded.provenance().sha256());
    DenseMatrix matrix = loaded.matrix();
    if (matrix.rows() != file.rows() || matrix.columns() != file.columns()) {
      throw new DataFormat(
          path,
          String.format(
              "is %d×%d, and its checkpoint says %d×%d",
              matrix.rows(), matrix.columns(), file.rows(), file.columns()),
          null);
    }
    return matrix;
  }
}
