package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.check.CopyBandwidth;
import io.tangentflow.backend.check.Stopwatch;
import io.tangentflow.experiment.timing.ActivationJob;
import io.tangentflow.experiment.timing.JobTime;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "activation",
    mixinStandardHelpOptions = true,
    description = {
      "The time of φ and φ' in one pass, of each activation: over arrays far beyond the caches, beside"
          + " the bandwidth of a copy measured before and after, and over arrays of 384 KiB for each"
          + " thread, within a second-level cache.",
      "The seconds of the whole are those of a pass of each over the large arrays, one after another."
    })
final class BenchActivationCommand implements Callable<Integer> {

  /** Of each of the three arrays, and of what is free a small part. */
  private static final long LARGE_BYTES = 64L << 20;

  private static final int SHARE_OF_MEMORY = 8;

  /** Of each of the three arrays, for each thread. */
  private static final int SMALL_BYTES = 128 << 10;

  @Mixin private Console console;
  @Mixin private BenchRuns runs;
  @Mixin private BenchEngine engine;

  @Option(
      names = "--activation",
      split = ",",
      paramLabel = "NAME",
      description =
          "Any that 'tangentflow activation' lists (default: all that every backend has kernels for).")
  private List<String> names = new ArrayList<>();

  @Override
  public Integer call() {
    runs.require();
    List<Activation> activations = activations();
    try (Backend backend = engine.open()) {
      long budget = engine.budgetBytes(backend);
      int number = backend.precision().bytes();
      int large = (int) Math.max(1, Math.min(LARGE_BYTES, budget / SHARE_OF_MEMORY) / number);
      int small = Math.min(large, engine.threads() * SMALL_BYTES / number);
      CopyBandwidth copy = new CopyBandwidth(backend, engine.threads(), budget);
      double before = copy.gigabytesPerSecond();
      JobTime time =
          runs.time(
              () -> new ActivationJob(activations, large, backend, budget),
              backend,
              budget,
              console);
      // The small arrays last: a short pass would be timed before the compiler has seen enough.
      List<Double> ofLarge = passes(activations, large, backend, budget);
      List<Double> ofSmall = passes(activations, small, backend, budget);
      double after = copy.gigabytesPerSecond();
      ObjectNode object = runs.json("activation", time, backend, engine.threads());
      object
          .put("copyGigabytesPerSecond", Math.max(before, after))
          .put("copyGigabytesPerSecondBefore", before)
          .put("copyGigabytesPerSecondAfter", after)
          .put("largeEntries", large)
          .put("smallEntries", small);
      Passes passes = new Passes(Math.max(before, after), number, object.putArray("activations"));
      for (int i = 0; i < activations.size(); i++) {
        passes.add(activations.get(i), ofLarge.get(i), large, ofSmall.get(i), small);
      }
      console.result(passes.table(backend, before, after).toText(), object);
    }
    return 0;
  }

  private List<Activation> activations() {
    if (names.isEmpty()) {
      return List.of(StandardActivation.values());
    }
    List<String> labels = names.stream().map(name -> Activations.named(name).label()).toList();
    return OptionList.distinct("--activation", labels).stream().map(Activations::named).toList();
  }

  /** Seconds of a pass of each. */
  private static List<Double> passes(
      List<Activation> activations, int entries, Backend backend, long budget) {
    try (ActivationJob job = new ActivationJob(activations, entries, backend, budget);
        Stopwatch watch = new Stopwatch(backend)) {
      return activations.stream().map(phi -> watch.secondsOfCall(() -> job.pass(phi))).toList();
    }
  }

  /** The passes of each activation as they are told. */
  private final class Passes {
    private final double copy;
    private final int bytesOfNumber;
    private final ArrayNode list;
    private final List<Cell[]> rows = new ArrayList<>();

    Passes(double copy, int bytesOfNumber, ArrayNode list) {
      this.copy = copy;
      this.bytesOfNumber = bytesOfNumber;
      this.list = list;
    }

    void add(Activation phi, double large, int largeEntries, double small, int smallEntries) {
      ObjectNode node = list.addObject().put("activation", phi.label());
      put(node.putObject("large"), large, largeEntries);
      put(node.putObject("small"), small, smallEntries);
      rows.add(
          new Cell[] {
            Cell.of(phi.label()),
            Cell.of(perEntry(large, largeEntries), 3),
            Cell.of(bandwidth(large, largeEntries), 3),
            Cell.of(bandwidth(large, largeEntries) / copy, 2),
            Cell.of(perEntry(small, smallEntries), 3),
            Cell.of(bandwidth(small, smallEntries), 3)
          });
    }

    private void put(ObjectNode node, double seconds, int entries) {
      node.put("seconds", seconds)
          .put("nanosecondsPerEntryAndCore", perEntry(seconds, entries))
          .put("gigabytesPerSecond", bandwidth(seconds, entries))
          .put("fractionOfCopy", bandwidth(seconds, entries) / copy);
    }

    private double perEntry(double seconds, int entries) {
      return 1e9 * seconds * engine.threads() / entries;
    }

    /** One array is read and two are written. */
    private double bandwidth(double seconds, int entries) {
      return 3.0 * entries * bytesOfNumber / seconds * 1e-9;
    }

    Table table(Backend backend, double before, double after) {
      Table table =
          Table.of(
              String.format(
                  "φ and φ' in one pass by %s, %d thread%s; a copy has %.3g GB/s before and %.3g"
                      + " after:",
                  backend.precision(),
                  engine.threads(),
                  engine.threads() == 1 ? "" : "s",
                  before,
                  after),
              Table.Column.left("activation"),
              Table.Column.right("large: ns per entry and core"),
              Table.Column.right("GB/s"),
              Table.Column.right("of a copy's"),
              Table.Column.right("in cache: ns per entry and core"),
              Table.Column.right("GB/s"));
      for (Cell[] row : rows) {
        table = table.row(row);
      }
      return table;
    }
  }
}
