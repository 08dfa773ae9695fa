package io.tangentflow.kernel.limit;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.limit.DotProductKernel.Kind;
import io.tangentflow.kernel.limit.DotProductKernel.Scaling;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Optional;
import java.util.Set;

/** Tiles by one pass of a dot-product kernel over the correlations. */
final class SeriesEvaluation implements TileEvaluation {

  private final DotProductKernel kernel;
  private double greatestProduct;

  SeriesEvaluation(DotProductKernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public String description() {
    String norms =
        kernel.scaling() == Scaling.CHEBYSHEV
            ? String.format(" and %d × %d in the norms", kernel.rank(), kernel.rank())
            : "";
    return String.format(
        "series of %s%d terms in the correlation%s",
        kernel.argument().branches() == 1 ? "" : "twice ", kernel.terms(), norms);
  }

  @Override
  public Optional<DotProductKernel> kernel() {
    return Optional.of(kernel);
  }

  @Override
  public int tileSize() {
    return 1024;
  }

  @Override
  public EnumMap<Kind, DenseMatrix> evaluate(
      Matrix rho, double[] rowNorms, double[] columnNorms, Set<Kind> kinds, Workspace scratch) {
    EnumMap<Kind, DenseMatrix> tile = new EnumMap<>(Kind.class);
    double product = greatest(rowNorms) * greatest(columnNorms);
    greatestProduct = Math.max(greatestProduct, product);
    for (Kind kind : kinds) {
      try (Workspace memory = scratch.scope()) {
        Matrix result = memory.allocate(rho.rows(), rho.columns());
        memory
            .backend()
            .dotProductKernel(rho, kernel.series(kind, rowNorms, columnNorms, memory), result);
        tile.put(kind, memory.backend().download(result));
      }
    }
    return tile;
  }

  private static double greatest(double[] norms) {
    return Arrays.stream(norms).max().orElse(0);
  }

  @Override
  public double error(Kind kind) {
    double error = kind == Kind.NNGP ? kernel.nngpError() : kernel.ntkError();
    return kernel.scaling() == Scaling.HOMOGENEOUS ? error * greatestProduct : error;
  }
}
