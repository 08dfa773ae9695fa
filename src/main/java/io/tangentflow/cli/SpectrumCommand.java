package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.experiment.SpectrumProfile;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.ExtremeEigenvalues;
import io.tangentflow.spectrum.RitzValue;
import io.tangentflow.spectrum.Search;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Files;
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
        "Eigenvalues of a symmetric matrix in an .npy file or a store of tiles, the least one with its"
            + " error bound.")
final class SpectrumCommand implements Callable<Integer> {

  /** Vectors that pass through the matrix together: memory is what a product waits for. */
  private static final int BLOCK = 4;

  /** The same where a product waits for a disk. */
  private static final int BLOCK_OF_STORE = 8;

  /** Of a store: each block of vectors is a pass over the disk. */
  private static final int USUAL_PRODUCTS_OF_STORE = 500;

  @Mixin private Console console;
  @Mixin private ExtremeOptions extreme;

  @Parameters(
      paramLabel = "FILE",
      description =
          "A square .npy matrix, or a directory of tiles as 'ntk --store' makes. Of a store, --extreme"
              + " reads the tiles once for each 8 products; without it all eigenvalues are computed"
              + " where the matrix fits into memory, else as with --extreme 1.")
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
    Outputs outputs =
        new Outputs()
            .with("--out", out)
            .with("--decay-out", decayOut)
            .with("--histogram-out", histogramOut)
            .requireWritable();
    if (Files.isDirectory(file)) {
      GramStore store = GramStore.open(file);
      outputs.requireOutside(file);
      return stored(store.description().order());
    }
    outputs.requireApartFrom(file);
    SymmetricFile read = SymmetricFile.read(file);
    return extreme.given()
        ? extremes(read)
        : whole(
            read.matrix(), read.asymmetry(), JsonNodeFactory.instance.objectNode(), read.errors());
  }

  /**
   * All eigenvalues.
   *
   * @param asymmetry of the file, that each of them may be off by
   * @param object to be completed
   * @param errors of the entries, lines after the table
   */
  private int whole(DenseMatrix matrix, double asymmetry, ObjectNode object, String errors) {
    Spectrum.Whole spectrum = Spectrum.whole(matrix);
    double[] values = spectrum.values();
    Spectrum.Extreme least = spectrum.least();
    Spectrum.Extreme greatest = spectrum.greatest();
    long negative = Arrays.stream(values).filter(v -> v < 0).count();
    double error = least.errorBound() + asymmetry;
    SpectrumProfile profile = new SpectrumProfile(values, error);
    int unresolved = values.length - profile.numericalRank();
    OptionalDouble condition = profile.conditionNumber();
    object
        .put("order", values.length)
        .put("leastEigenvalue", least.value())
        .put("leastEigenvalueResidual", least.residual())
        .put("leastEigenvalueError", error)
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
            .row(Cell.of("  error bound"), Cell.of(error, 2))
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
    console.result(table.toText().stripTrailing() + errors, object);
    return 0;
  }

  /** Of tiles: all where they fit into memory and nothing else is asked for, or the ends. */
  private int stored(int order) {
    boolean all = !extreme.given() && StoredKernel.fitsIntoMemory(order);
    if (!all && !extreme.given()) {
      requireEnds(order);
      extreme.extreme = 1;
    }
    StoredKernel kernel = StoredKernel.open(file, console);
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    kernel.describe(object);
    return all
        ? whole(kernel.matrix().toDense(), 0, object, kernel.errors())
        : extremes(kernel, object);
  }

  private int extremes(StoredKernel kernel, ObjectNode object) {
    int order = kernel.order();
    Search search =
        extreme.search(
            order,
            1e-10,
            Math.max(USUAL_PRODUCTS_OF_STORE, 4 * extreme.extreme + BLOCK_OF_STORE),
            BLOCK_OF_STORE,
            MemoryBudget.freeHeap() / 4);
    report(
        kernel.extremes(search, console),
        kernel.title(file),
        object.put("order", order),
        kernel.errors(),
        "a kernel's least take about as many as its order, "
            + order
            + ": raise --max-products, or give more heap and leave out --extreme");
    return 0;
  }

  /** Says that the ends alone are computed; refuses what they do not suffice for. */
  private void requireEnds(int order) {
    if (decayOut != null || histogramOut != null) {
      throw new OutOfMemory(
          "the matrix of " + file + " and its reduction, for all eigenvalues,",
          StoredKernel.bytesInMemory(order),
          MemoryBudget.freeHeap());
    }
    console.status("the matrix does not fit into memory: as with --extreme 1, from the tiles");
  }

  private void requireCompatible() {
    extreme.requireComplete();
    if (extreme.given() && (decayOut != null || histogramOut != null)) {
      throw new InvalidConfiguration(
          decayOut != null ? "--decay-out" : "--histogram-out",
          "draws all eigenvalues, of which --extreme computes a few; leave one of them out");
    }
  }

  private int extremes(SymmetricFile read) {
    int order = read.matrix().rows();
    Search search =
        extreme.search(
            order,
            1e-10,
            Math.max(2 * order, 4 * extreme.extreme + BLOCK),
            BLOCK,
            MemoryBudget.freeHeap() / 4);
    ExtremeEigenvalues found;
    try (Console.Progress progress = console.progress("products", 2L * search.maxProducts())) {
      found =
          ExtremeEigenvalues.ofDense(read.matrix(), search, progress::at).within(read.asymmetry());
    }
    ObjectNode object = JsonNodeFactory.instance.objectNode().put("order", order);
    report(
        found,
        file + ", order " + order + ", in fp64:",
        object,
        read.errors(),
        "raise --max-products or --tolerance, or leave out --extreme");
    return 0;
  }

  /**
   * Writes and prints what was found.
   *
   * @param object to be completed
   * @param errors of the entries, lines after the table
   * @param advice where some did not converge
   */
  private void report(
      ExtremeEigenvalues found, String title, ObjectNode object, String errors, String advice) {
    ExtremeReport report = new ExtremeReport(found);
    report.warn(console, advice);
    if (out != null) {
      double[] values =
          Stream.concat(found.least().stream(), found.greatest().stream())
              .mapToDouble(RitzValue::value)
              .toArray();
      Npy.write(out, new DenseMatrix(values.length, 1, values), ElementType.FP64);
    }
    report.describe(object);
    console.result(report.toText(title) + errors, object);
  }
}
