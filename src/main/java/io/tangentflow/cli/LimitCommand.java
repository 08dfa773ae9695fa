package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.data.SymmetricNpy;
import io.tangentflow.kernel.limit.DotProductKernel.Kind;
import io.tangentflow.kernel.limit.KernelJson;
import io.tangentflow.kernel.limit.LimitDoubt;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitTiles;
import io.tangentflow.kernel.limit.LimitValue;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.regex.Pattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "limit",
    mixinStandardHelpOptions = true,
    description = {
      "The infinite-width limits NNGP and NTK: of one pair of inputs (--norms and --dot), or as Gram"
          + " matrices of data.",
      "Computed in fp64, each with an estimate of its error."
    })
final class LimitCommand implements Callable<Integer> {

  /** What has no meaning for one pair of inputs. */
  private static final List<String> OF_DATA =
      List.of(
          "--data",
          "--samples",
          "--data-seed",
          "--normalise",
          "--threads",
          "--backend",
          "--memory",
          "--no-eigenvalues",
          "--table",
          "--table-out",
          "--out",
          "--nngp-out");

  private static final Table.Column ERROR =
      Table.Column.right("estimated error of an entry, ρ as rounded");

  @Spec private CommandSpec command;

  @Mixin private Console console;
  @Mixin private DataOptions data;
  @Mixin private LimitOptions limit;

  @ArgGroup(exclusive = false)
  private Pair pair;

  private static final class Pair {
    @Option(
        names = "--norms",
        required = true,
        paramLabel = "A,B",
        description = "‖x‖²/d and ‖x̄‖²/d of one pair, instead of data; goes with --dot.")
    private String norms;

    @Option(
        names = "--dot",
        required = true,
        paramLabel = "C",
        description = "x·x̄/d of that pair; goes with --norms.")
    private double dot;
  }

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads (default: the processors of this machine).")
  private Integer threads;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = Backends.AUTO,
      description =
          "auto, cuda (or cuda:1 …), cpu-vector or cpu-scalar; see 'info' (default: ${DEFAULT-VALUE}).")
  private String backend;

  @Mixin private MemoryOption memory;

  @Option(
      names = "--no-eigenvalues",
      description =
          "Leave the eigenvalues out: the Grams go to --out and --nngp-out tile by tile and are never"
              + " whole in memory, so that N is limited by the disk alone.")
  private boolean noEigenvalues;

  @Option(
      names = "--table-out",
      paramLabel = "FILE",
      description =
          "Write the kernels as functions of the correlation (and of the norms, where these differ) to"
              + " this JSON file.")
  private Path tableOut;

  @Option(
      names = "--table",
      paramLabel = "FILE",
      description = "Read the kernels from such a file (default: they are computed).")
  private Path table;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write the NTK Gram to this .npy file, in fp64.")
  private Path out;

  @Option(
      names = "--nngp-out",
      paramLabel = "FILE",
      description = "Write the NNGP Gram to this .npy file, in fp64.")
  private Path nngpOut;

  @Override
  public Integer call() {
    return pair != null ? ofPair() : ofData();
  }

  private int ofPair() {
    OptionList.refuse(
        command, OF_DATA, "is about data, and --norms with --dot asks for one pair; leave one out");
    double[] norms = norms(pair.norms);
    if (!LimitingKernel.possible(norms[0], norms[1], pair.dot)) {
      throw new InvalidConfiguration(
          "--dot",
          "x·x̄/d = "
              + pair.dot
              + " is impossible: it exceeds √("
              + norms[0]
              + "·"
              + norms[1]
              + ")");
    }
    LimitValue value = limit.kernel(1).pair(norms[0], norms[1], pair.dot);
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object
        .put("nngp", value.nngp())
        .put("ntk", value.ntk())
        .put("nngpError", value.nngpError())
        .put("ntkError", value.ntkError());
    LimitDoubt.of(value.ntkError(), Math.abs(value.ntk())).ifPresent(console::warning);
    Table table =
        Table.of(
                description(),
                Table.Column.left("kernel"),
                Table.Column.right("value"),
                Table.Column.right("estimated error"))
            .row(Cell.of("NNGP"), Cell.of(value.nngp(), 15), Cell.of(value.nngpError(), 2))
            .row(Cell.of("NTK"), Cell.of(value.ntk(), 15), Cell.of(value.ntkError(), 2));
    console.result(table.toText(), object);
    return 0;
  }

  private static double[] norms(String text) {
    try {
      double[] norms =
          Pattern.compile(",").splitAsStream(text).mapToDouble(Double::valueOf).toArray();
      if (norms.length == 2
          && norms[0] >= 0
          && norms[1] >= 0
          && Double.isFinite(norms[0])
          && Double.isFinite(norms[1])) {
        return norms;
      }
    } catch (NumberFormatException e) {
      // As any other text that is not two numbers.
    }
    throw new InvalidConfiguration(
        "--norms",
        "takes two finite numbers ≥ 0 like 1.5,0.7, ‖x‖²/d and ‖x̄‖²/d, not '" + text + "'");
  }

  private int ofData() {
    if (table == null) {
      limit.kernel(1); // Refuses what is impossible before the data are read.
    } else {
      OptionList.refuse(
          command, LimitOptions.NAMES, "is about computing the kernel, and --table reads it");
    }
    if (noEigenvalues && out == null && nngpOut == null && tableOut == null) {
      throw new InvalidConfiguration(
          "--no-eigenvalues",
          "leaves nothing to do; name an output by --out, --nngp-out or --table-out");
    }
    if (!noEigenvalues && data.samples > DenseMatrix.GREATEST_ORDER) {
      throw new InvalidConfiguration(
          "--samples",
          data.samples
              + " make a Gram matrix of more than 2^31 entries; choose at most "
              + DenseMatrix.GREATEST_ORDER
              + ", or --no-eigenvalues");
    }
    Outputs outputFiles =
        new Outputs()
            .with("--out", out)
            .with("--nngp-out", nngpOut)
            .with("--table-out", tableOut)
            .requireWritable();
    Optional<KernelJson> given = Optional.ofNullable(table).map(KernelTable::read);
    given.ifPresent(file -> outputFiles.requireApartFrom(table));
    int poolThreads = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    BackendOptions options = new BackendOptions(Precision.FP64, poolThreads);
    ForkJoinPool pool = new ForkJoinPool(poolThreads);
    try (Backend engine = Backends.open(backend, options)) {
      Dataset dataset = data.load();
      dataset.provenance().forEach(read -> outputFiles.requireApartFrom(read.file()));
      String description = given.map(KernelJson::description).orElseGet(this::description);
      console.status(description + ", " + dataset.samples() + " samples");
      long start = System.nanoTime();
      LimitTiles tiles =
          given.isPresent()
              ? LimitTiles.of(dataset.inputs(), given.get().kernel())
              : tabulated(dataset, pool);
      Run run = new Run(description, dataset, tiles, seconds(start), engine, memory.budget(engine));
      console.status(
          String.format(
              "%d pairs: %s, made in %.2f s; on %s, %s",
              run.pairs(), tiles.method(), run.tableSeconds, engine.name(), engine.description()));
      if (tableOut != null) {
        AtomicFile.write(
            tableOut,
            new KernelJson(description, tiles.kernel().orElseThrow(this::noTable)).text());
      }
      return noEigenvalues ? streamed(run) : whole(run);
    } finally {
      pool.shutdown();
    }
  }

  private LimitTiles tabulated(Dataset dataset, ForkJoinPool pool) {
    long pairs = dataset.samples() * (dataset.samples() + 1L) / 2;
    try (LimitBars progress = new LimitBars(console, pairs)) {
      return limit.kernel(dataset.dimension()).tiles(dataset.inputs(), pool, progress);
    }
  }

  private InvalidConfiguration noTable() {
    return new InvalidConfiguration(
        "--table-out",
        "these samples are computed pair by pair, as that takes fewer values than a table; leave it"
            + " out, or give more samples or samples of one norm");
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) * 1e-9;
  }

  /** A Gram to be made, and how long what goes before took. */
  private record Run(
      String description,
      Dataset dataset,
      LimitTiles tiles,
      double tableSeconds,
      Backend engine,
      MemoryBudget budget) {

    long pairs() {
      return tiles.order() * (tiles.order() + 1L) / 2;
    }
  }

  /** The Grams as they come, into files. */
  private int streamed(Run run) {
    long start = System.nanoTime();
    Map<Kind, Path> files = new EnumMap<>(Kind.class);
    if (out != null) {
      files.put(Kind.NTK, out);
    }
    if (nngpOut != null) {
      files.put(Kind.NNGP, nngpOut);
    }
    Map<Kind, SymmetricNpy> open = new EnumMap<>(Kind.class);
    double[] largest = new double[1];
    LimitTiles.Errors errors;
    double computing;
    try (LimitBars progress = new LimitBars(console, run.pairs())) {
      files.forEach((kind, file) -> open.put(kind, new SymmetricNpy(file, run.tiles.order())));
      errors =
          run.tiles.forEach(
              open.keySet(),
              run.engine,
              run.budget.deviceBytesBeside(0),
              progress,
              (kind, row, column, tile) -> {
                open.get(kind).place(row, column, tile);
                if (kind == Kind.NTK && row == column) {
                  largest[0] = Math.max(largest[0], LimitDoubt.largest(tile));
                }
              });
      computing = seconds(start);
      open.values().forEach(SymmetricNpy::commit);
    } finally {
      open.values().forEach(SymmetricNpy::close);
    }
    LimitDoubt.of(errors.ntk(), largest[0]).ifPresent(console::warning);
    ObjectNode object = json(run);
    object.put("seconds", computing).put("syncSeconds", seconds(start) - computing);
    Table rows = heading(run, Table.Column.left("kernel"), Table.Column.left("file"), ERROR);
    if (out != null) {
      object.put("ntkError", errors.ntk());
      rows = rows.row(Cell.of("NTK"), Cell.of(out.toString()), Cell.of(errors.ntk(), 2));
    }
    if (nngpOut != null) {
      object.put("nngpError", errors.nngp());
      rows = rows.row(Cell.of("NNGP"), Cell.of(nngpOut.toString()), Cell.of(errors.nngp(), 2));
    }
    console.result(rows.toText(), object);
    return 0;
  }

  /** The Grams in memory, with their eigenvalues. */
  private int whole(Run run) {
    requireRoom(run);
    long start = System.nanoTime();
    LimitGram gram;
    try (LimitBars progress = new LimitBars(console, run.pairs())) {
      gram = run.tiles.gram(run.engine, run.budget.deviceBytesBeside(0), progress);
    }
    LimitDoubt.of(gram).ifPresent(console::warning);
    ObjectNode object = json(run).put("seconds", seconds(start));
    console.status(String.format("computed in %.2f s; eigenvalues", seconds(start)));
    Spectrum.Ends nngp = Spectrum.ends(gram.nngp());
    Spectrum.Ends ntk = Spectrum.ends(gram.ntk());
    double nngpLeast = nngp.least().value();
    double nngpGreatest = nngp.greatest().value();
    double ntkLeast = ntk.least().value();
    double ntkGreatest = ntk.greatest().value();
    object
        .put("ntkLeastEigenvalue", ntkLeast)
        .put("ntkGreatestEigenvalue", ntkGreatest)
        .put("ntkError", gram.ntkError())
        .put("nngpLeastEigenvalue", nngpLeast)
        .put("nngpGreatestEigenvalue", nngpGreatest)
        .put("nngpError", gram.nngpError());
    Table rows =
        heading(
                run,
                Table.Column.left("kernel"),
                Table.Column.right("least eigenvalue"),
                Table.Column.right("greatest eigenvalue"),
                ERROR)
            .row(
                Cell.of("NNGP"),
                Cell.of(nngpLeast, 6),
                Cell.of(nngpGreatest, 6),
                Cell.of(gram.nngpError(), 2))
            .row(
                Cell.of("NTK"),
                Cell.of(ntkLeast, 6),
                Cell.of(ntkGreatest, 6),
                Cell.of(gram.ntkError(), 2));
    if (out != null) {
      Npy.write(out, gram.ntk(), ElementType.FP64);
    }
    if (nngpOut != null) {
      Npy.write(nngpOut, gram.nngp(), ElementType.FP64);
    }
    console.result(rows.toText(), object);
    return 0;
  }

  /** Both Grams, and the copy that LAPACK reduces. */
  private void requireRoom(Run run) {
    long bytes = 3L * Double.BYTES * run.tiles.order() * run.tiles.order();
    if (!run.budget.admits(0, bytes)) {
      throw run.budget.refusal(
          "two Gram matrices of " + run.tiles.order() + " samples with their eigenvalues",
          0,
          bytes);
    }
  }

  private ObjectNode json(Run run) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    if (table == null) {
      limit.describe(object);
    } else {
      object.put("table", run.description);
    }
    data.describe(run.dataset, object);
    return object
        .put("order", run.tiles.order())
        .put("method", run.tiles.method())
        .put("tableSeconds", run.tableSeconds);
  }

  private Table heading(Run run, Table.Column... columns) {
    return Table.of(
        String.format(
            "%s on %d samples of %s; %s:",
            run.description, run.tiles.order(), data.data, run.tiles.method()),
        columns);
  }

  private String description() {
    return "Infinite-width limit of " + limit.description();
  }
}
