package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "spectrum",
    mixinStandardHelpOptions = true,
    description =
        "Eigenvalues of a symmetric matrix in an .npy file, the least one with its error bound.")
final class SpectrumCommand implements Callable<Integer> {

  @Mixin private Console console;

  @Parameters(paramLabel = "FILE", description = "A square .npy matrix.")
  private Path file;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write all eigenvalues, rising, to this .npy file, in fp64.")
  private Path out;

  @Override
  public Integer call() {
    new Outputs().with("--out", out).requireWritable().requireApartFrom(file);
    DenseMatrix matrix = Npy.readFinite(file);
    SymmetricFile.require(matrix, file);
    double[] values = Spectrum.eigenvalues(matrix);
    Spectrum.Extreme least = Spectrum.least(matrix);
    Spectrum.Extreme greatest = Spectrum.greatest(matrix);
    long negative = Arrays.stream(values).filter(v -> v < 0).count();
    long unresolved = Arrays.stream(values).filter(v -> Math.abs(v) <= least.errorBound()).count();
    ObjectNode object = new ObjectMapper().createObjectNode();
    object
        .put("order", values.length)
        .put("leastEigenvalue", least.value())
        .put("leastEigenvalueResidual", least.residual())
        .put("leastEigenvalueError", least.errorBound())
        .put("greatestEigenvalue", greatest.value())
        .put("negative", negative)
        .put("zeroWithinError", unresolved);
    Table table =
        Table.of(
                file + ", " + values.length + " eigenvalues in fp64:",
                Table.Column.left("quantity"),
                Table.Column.right("value"))
            .row(Cell.of("least eigenvalue"), Cell.of(least.value(), 10))
            .row(Cell.of("  error bound"), Cell.of(least.errorBound(), 2))
            .row(Cell.of("  residual ‖Kv − λv‖"), Cell.of(least.residual(), 2))
            .row(Cell.of("greatest eigenvalue"), Cell.of(greatest.value(), 10))
            .row(Cell.of("ratio greatest / least"), Cell.of(greatest.value() / least.value(), 4))
            .row(Cell.of("negative eigenvalues"), Cell.of(negative))
            .row(Cell.of("zero within the error bound"), Cell.of(unresolved));
    if (out != null) {
      Npy.write(out, new DenseMatrix(values.length, 1, values), ElementType.FP64);
    }
    console.result(table.toText(), object);
    return 0;
  }
}
