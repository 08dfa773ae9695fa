package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.experiment.SpectrumProfile;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;
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

  @Option(
      names = "--decay-out",
      paramLabel = "FILE",
      description = "Draw |λ| in falling order against its rank into this .svg file.")
  private Path decayOut;

  @Option(
      names = "--histogram-out",
      paramLabel = "FILE",
      description =
          "Draw how many eigenvalues lie in each quarter of a decade into this .svg file.")
  private Path histogramOut;

  @Override
  public Integer call() {
    new Outputs()
        .with("--out", out)
        .with("--decay-out", decayOut)
        .with("--histogram-out", histogramOut)
        .requireWritable()
        .requireApartFrom(file);
    DenseMatrix matrix = Npy.readFinite(file);
    SymmetricFile.require(matrix, file);
    double[] values = Spectrum.eigenvalues(matrix);
    Spectrum.Extreme least = Spectrum.least(matrix);
    Spectrum.Extreme greatest = Spectrum.greatest(matrix);
    long negative = Arrays.stream(values).filter(v -> v < 0).count();
    SpectrumProfile profile = new SpectrumProfile(values, least.errorBound());
    int unresolved = values.length - profile.numericalRank();
    OptionalDouble condition = profile.conditionNumber();
    ObjectNode object = new ObjectMapper().createObjectNode();
    object
        .put("order", values.length)
        .put("leastEigenvalue", least.value())
        .put("leastEigenvalueResidual", least.residual())
        .put("leastEigenvalueError", least.errorBound())
        .put("greatestEigenvalue", greatest.value())
        .put("negative", negative)
        .put("zeroWithinError", unresolved)
        .put("effectiveRank", profile.effectiveRank());
    condition.ifPresentOrElse(
        number -> object.put("conditionNumber", number), () -> object.putNull("conditionNumber"));
    Table table =
        Table.of(
                file + ", " + values.length + " eigenvalues in fp64:",
                Table.Column.left("quantity"),
                Table.Column.right("value"))
            .row(Cell.of("least eigenvalue"), Cell.of(least.value(), 10))
            .row(Cell.of("  error bound"), Cell.of(least.errorBound(), 2))
            .row(Cell.of("  residual ‖Kv − λv‖"), Cell.of(least.residual(), 2))
            .row(Cell.of("greatest eigenvalue"), Cell.of(greatest.value(), 10))
            .row(
                Cell.of("condition number"),
                condition.isPresent()
                    ? Cell.of(condition.getAsDouble(), 4)
                    : Cell.of("not known: an eigenvalue is 0 within its error"))
            .row(Cell.of("effective rank e^H"), Cell.of(profile.effectiveRank(), 4))
            .row(Cell.of("negative eigenvalues"), Cell.of(negative))
            .row(Cell.of("zero within the error bound"), Cell.of(unresolved));
    if (out != null) {
      Npy.write(out, new DenseMatrix(values.length, 1, values), ElementType.FP64);
    }
    if (decayOut != null) {
      AtomicFile.write(decayOut, profile.decay("Eigenvalues of " + file).toSvg());
    }
    if (histogramOut != null) {
      AtomicFile.write(histogramOut, profile.histogram("Eigenvalues of " + file).toSvg());
    }
    console.result(table.toText(), object);
    return 0;
  }
}
