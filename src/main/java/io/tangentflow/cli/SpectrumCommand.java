package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.experiment.SpectrumProfile;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.ExtremeEigenvalues;
import io.tangentflow.spectrum.RitzValue;
import io.tangentflow.spectrum.Search;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
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

  /** Vectors that pass through the matrix together: memory is what a product waits for. */
  private static final int BLOCK = 4;

  @Mixin private Console console;
  @Mixin private ExtremeOptions extreme;

  @Parameters(paramLabel = "FILE", description = "A square .npy matrix.")
  private Path file;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "Write all eigenvalues, rising, to this .npy file, in fp64; with --extreme the least and then"
              + " the greatest that it finds.")
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
    requireCompatible();
    new Outputs()
        .with("--out", out)
        .with("--decay-out", decayOut)
        .with("--histogram-out", histogramOut)
        .requireWritable()
        .requireApartFrom(file);
    DenseMatrix matrix = Npy.readFinite(file);
    SymmetricFile.require(matrix, file);
    if (extreme.given()) {
      return extremes(matrix);
    }
    Spectrum.Whole spectrum = Spectrum.whole(matrix);
    double[] values = spectrum.values();
    Spectrum.Extreme least = spectrum.least();
    Spectrum.Extreme greatest = spectrum.greatest();
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

  private void requireCompatible() {
    extreme.requireComplete();
    if (extreme.given() && (decayOut != null || histogramOut != null)) {
      throw new InvalidConfiguration(
          decayOut != null ? "--decay-out" : "--histogram-out",
          "draws all eigenvalues, of which --extreme computes a few; leave one of them out");
    }
  }

  private int extremes(DenseMatrix matrix) {
    int order = matrix.rows();
    Search search =
        extreme.search(
            order,
            1e-10,
            Math.max(2 * order, 4 * extreme.extreme + BLOCK),
            BLOCK,
            MemoryBudget.freeHeap() / 4);
    ExtremeEigenvalues found;
    try (Console.Progress progress = console.progress("products", 2L * search.maxProducts())) {
      found = ExtremeEigenvalues.ofDense(matrix, search, progress::at);
    }
    ExtremeReport report = new ExtremeReport(found);
    report.warn(console, "raise --max-products or --tolerance, or leave out --extreme");
    if (out != null) {
      double[] values =
          Stream.concat(found.least().stream(), found.greatest().stream())
              .mapToDouble(RitzValue::value)
              .toArray();
      Npy.write(out, new DenseMatrix(values.length, 1, values), ElementType.FP64);
    }
    ObjectNode object = new ObjectMapper().createObjectNode().put("order", order);
    report.describe(object);
    console.result(report.toText(file + ", order " + order + ", in fp64:"), object);
    return 0;
  }
}
