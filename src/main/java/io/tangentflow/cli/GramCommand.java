package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.ElementType;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.Shard;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.kernel.gram.StoredMatrix;
import io.tangentflow.kernel.gram.TileGrid;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "gram",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "WHAT",
    description = "Gram matrices larger than memory: tiles in a directory, as 'ntk --store' makes.",
    subcommands = {GramCommand.Info.class, GramCommand.Verify.class, GramCommand.Export.class})
final class GramCommand {

  private static final int DAMAGED = 3;

  /** Tiles that are there, of a range of their numbers. */
  private static int count(BitSet present, int from, int to) {
    return present.get(from, to).cardinality();
  }

  private static String type(StoreDescription description) {
    return description.elementType().toString().toLowerCase(Locale.ROOT);
  }

  /** The files of the tiles that are there. */
  private static long bytes(GramStore store, BitSet present) {
    TileGrid grid = store.grid();
    return present.stream()
        .mapToLong(index -> store.description().tileBytes(grid.row(index), grid.column(index)))
        .sum();
  }

  @Command(
      name = "info",
      mixinStandardHelpOptions = true,
      description = "What a store holds and what it lacks. Opens no tile.")
  static final class Info implements Callable<Integer> {

    @Mixin private Console console;

    @Parameters(paramLabel = "DIR", description = "The store.")
    private Path path;

    @Option(
        names = "--shards",
        paramLabel = "K",
        defaultValue = "1",
        description = "Count the tiles of each of so many shards (default: ${DEFAULT-VALUE}).")
    private int shards;

    @Override
    public Integer call() {
      GramStore store = GramStore.open(path);
      StoreDescription description = store.description();
      int tiles = store.grid().count();
      if (shards < 1 || shards > tiles) {
        throw new InvalidConfiguration(
            "--shards", "must be between 1 and the " + tiles + " tiles, not " + shards);
      }
      BitSet present = store.present();
      ObjectNode object =
          JsonNodeFactory.instance
              .objectNode()
              .put("order", description.order())
              .put("outputs", description.outputs())
              .put("tileOrder", description.tile())
              .put("elementType", type(description))
              .put("tiles", tiles)
              .put("present", present.cardinality())
              .put("missing", tiles - present.cardinality())
              .put("bytes", bytes(store, present))
              .put("bytesOfAll", description.tileBytes());
      Table table =
          Table.of(
                  "Gram matrix in " + path + ":",
                  Table.Column.left("quantity"),
                  Table.Column.right("value"))
              .row(Cell.of("order"), Cell.of(description.order()))
              .row(Cell.of("order of a tile"), Cell.of(description.tile()))
              .row(Cell.of("entries in"), Cell.of(type(description)))
              .row(Cell.of("tiles"), Cell.of(tiles))
              .row(Cell.of("  present"), Cell.of(present.cardinality()))
              .row(Cell.of("  missing"), Cell.of(tiles - present.cardinality()))
              .row(Cell.of("bytes of those present"), Cell.of(bytes(store, present)))
              .row(Cell.of("bytes of all"), Cell.of(description.tileBytes()));
      table = shards(table, object, tiles, present);
      ObjectNode kernel = object.putObject("kernel");
      for (Map.Entry<String, String> field : description.kernel().entrySet()) {
        kernel.put(field.getKey(), field.getValue());
        table = table.row(Cell.of(field.getKey()), Cell.of(field.getValue()));
      }
      console.result(table.toText(), object);
      return 0;
    }

    private Table shards(Table table, ObjectNode object, int tiles, BitSet present) {
      Table result = table;
      ArrayNode array = object.putArray("shards");
      for (int number = 1; number <= shards; number++) {
        Shard shard = new Shard(number, shards);
        int there = count(present, shard.from(tiles), shard.to(tiles));
        array
            .addObject()
            .put("shard", shard.toString())
            .put("tiles", shard.size(tiles))
            .put("missing", shard.size(tiles) - there);
        if (shards > 1) {
          result =
              result.row(Cell.of("missing of shard " + shard), Cell.of(shard.size(tiles) - there));
        }
      }
      return result;
    }
  }

  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description =
          "Reads all tiles and holds them against their checksums. Names those that are damaged, and"
              + " ends with exit code 3 if there are any that it does not remove.")
  static final class Verify implements Callable<Integer> {

    @Mixin private Console console;

    @Parameters(paramLabel = "DIR", description = "The store.")
    private Path path;

    @Option(
        names = "--delete",
        description = "Remove damaged tiles, so that 'ntk --store' computes them again.")
    private boolean delete;

    @Override
    public Integer call() {
      GramStore store = GramStore.open(path);
      TileGrid grid = store.grid();
      BitSet present = store.present();
      Map<Integer, String> damaged = damaged(store, present);
      ObjectNode object =
          JsonNodeFactory.instance
              .objectNode()
              .put("tiles", grid.count())
              .put("missing", grid.count() - present.cardinality())
              .put("sound", present.cardinality() - damaged.size());
      Table table =
          Table.of(
                  "Tiles of " + path + ":",
                  Table.Column.left("tiles"),
                  Table.Column.right("number"))
              .row(Cell.of("sound"), Cell.of(present.cardinality() - damaged.size()))
              .row(Cell.of(delete ? "damaged and removed" : "damaged"), Cell.of(damaged.size()))
              .row(Cell.of("missing"), Cell.of(grid.count() - present.cardinality()));
      StringBuilder text = new StringBuilder(table.toText());
      ArrayNode array = object.putArray("damaged");
      damaged.forEach(
          (index, why) -> {
            int row = grid.row(index);
            int column = grid.column(index);
            Path file = store.file(row, column);
            array
                .addObject()
                .put("row", row)
                .put("column", column)
                .put("file", file.toString())
                .put("why", why);
            text.append(file).append(": ").append(why).append('\n');
            if (delete) {
              store.delete(row, column);
            }
          });
      object.put("deleted", delete ? damaged.size() : 0);
      console.result(text.toString(), object);
      return damaged.isEmpty() || delete ? 0 : DAMAGED;
    }

    /** What is wrong, by the numbers of the tiles. */
    private Map<Integer, String> damaged(GramStore store, BitSet present) {
      TileGrid grid = store.grid();
      Map<Integer, String> damaged = new ConcurrentSkipListMap<>();
      AtomicInteger read = new AtomicInteger();
      try (Console.Progress progress =
          console.progress("tiles", Math.max(1, present.cardinality()))) {
        present.stream()
            .parallel()
            .forEach(
                index -> {
                  store
                      .damage(grid.row(index), grid.column(index))
                      .ifPresent(why -> damaged.put(index, why));
                  progress.at(read.incrementAndGet());
                });
      }
      return damaged;
    }
  }

  @Command(
      name = "export",
      mixinStandardHelpOptions = true,
      description = "Writes the whole matrix to one .npy file, a tile in memory at a time.")
  static final class Export implements Callable<Integer> {

    @Mixin private Console console;

    @Parameters(paramLabel = "DIR", description = "The store.")
    private Path path;

    @Option(
        names = "--out",
        paramLabel = "FILE",
        required = true,
        description = "Write the matrix to this .npy file (required).")
    private Path out;

    @Option(
        names = "--precision",
        paramLabel = "P",
        description = "fp32 or fp64, of the entries in the file (default: that of the store).")
    private ElementType precision;

    @Override
    public Integer call() {
      Outputs outputs = new Outputs().with("--out", out).requireWritable();
      GramStore store = GramStore.open(path);
      outputs.requireOutside(path);
      StoredMatrix matrix = new StoredMatrix(store);
      ElementType type = precision == null ? store.description().elementType() : precision;
      try (Console.Progress progress = console.progress("tiles", store.grid().count())) {
        matrix.export(out, type, progress::at);
      }
      String name = type.toString().toLowerCase(Locale.ROOT);
      console.result(
          String.format("%s: %d×%d in %s", out, matrix.order(), matrix.order(), name),
          JsonNodeFactory.instance
              .objectNode()
              .put("out", out.toString())
              .put("order", matrix.order())
              .put("elementType", name));
      return 0;
    }
  }
}
