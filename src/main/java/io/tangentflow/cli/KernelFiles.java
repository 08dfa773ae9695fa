package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.Npy;
import io.tangentflow.experiment.Targets;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.train.KernelBlocks;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** A kernel and targets that come from files. */
@Heading("Kernel")
final class KernelFiles {

  @Option(
      names = "--gram",
      paramLabel = "FILE",
      description =
          "The tangent kernel in an .npy file in place of a limit: of the training and then the test"
              + " samples, as 'ntk' and 'limit' write it, or with --cross of the training samples"
              + " alone. Goes with --targets-file, or with --data for the samples' targets. Of m"
              + " coupled outputs row i·m + o is output o of sample i (default: the limiting kernel).")
  Path gram;

  @Option(
      names = "--cross",
      paramLabel = "FILE",
      description =
          "The tangent kernel of test (rows) and training samples (columns) (default: part of --gram).")
  private Path cross;

  @Option(
      names = "--nngp",
      paramLabel = "FILE",
      description =
          "The NNGP of the training and then the test samples, for variances, beside --gram"
              + " (default: none, and no variances).")
  private Path nngp;

  @Option(
      names = "--targets-file",
      paramLabel = "FILE",
      description =
          "Targets in an .npy file, a sample per row: of the training samples, or of these and then"
              + " the test samples (default: those of --data).")
  Path targets;

  /** The files that are read. */
  List<Path> all() {
    return Stream.of(gram, cross, nngp, targets).filter(file -> file != null).toList();
  }

  /** Whether there is anything beside the Gram matrix that needs one. */
  Optional<String> without() {
    if (gram != null) {
      return Optional.empty();
    }
    return cross != null
        ? Optional.of("--cross")
        : nngp != null
            ? Optional.of("--nngp")
            : targets != null ? Optional.of("--targets-file") : Optional.empty();
  }

  /**
   * The targets of N training samples, or of N + M.
   *
   * @throws DataFormat if the file has neither number of rows
   */
  Targets targets(int train, int test) {
    DenseMatrix rows = Npy.readFinite(targets);
    if ((rows.rows() != train && rows.rows() != train + test) || rows.columns() == 0) {
      throw new DataFormat(
          targets,
          String.format(
              "is %d×%d, and --samples and --test-samples need %d or %d rows, one for each sample",
              rows.rows(), rows.columns(), train, train + test),
          null);
    }
    return Targets.of(rows.transpose());
  }

  /**
   * Θ(X, X) and Θ(x, X), and K of the same order where it is given.
   *
   * @throws DataFormat if a file has another shape
   */
  Kernels kernels(int train, int test, int outputs) {
    SymmetricFile read = SymmetricFile.read(gram);
    DenseMatrix matrix = read.matrix();
    int alone = cross == null ? train + test : train;
    boolean coupled = outputs > 1 && matrix.rows() == (long) alone * outputs;
    int each = coupled ? outputs : 1;
    requireShape(gram, matrix, alone * each, alone * each, outputs);
    KernelBlocks theta;
    if (cross == null) {
      theta = KernelBlocks.cut(matrix, train * each);
    } else {
      DenseMatrix other = Npy.readFinite(cross);
      requireShape(cross, other, test * each, train * each, 1);
      theta = new KernelBlocks(matrix, other, DenseMatrix.zeros(0, 0));
    }
    Optional<KernelBlocks> k = Optional.empty();
    if (nngp != null) {
      DenseMatrix joint = SymmetricFile.read(nngp).matrix();
      requireShape(nngp, joint, (train + test) * each, (train + test) * each, 1);
      k = Optional.of(KernelBlocks.cut(joint, train * each));
    }
    return new Kernels(
        gram.toString(), theta.train(), theta.cross(), read.asymmetry() / theta.train().rows(), k);
  }

  private static void requireShape(
      Path file, DenseMatrix matrix, int rows, int columns, int outputs) {
    if (matrix.rows() != rows || matrix.columns() != columns) {
      throw new DataFormat(
          file,
          String.format(
              "is %d×%d, and --samples and --test-samples need %d×%d%s",
              matrix.rows(),
              matrix.columns(),
              rows,
              columns,
              outputs > 1
                  ? String.format(
                      ", or %d×%d if it couples %d outputs",
                      (long) rows * outputs, (long) columns * outputs, outputs)
                  : ""),
          null);
    }
  }
}
