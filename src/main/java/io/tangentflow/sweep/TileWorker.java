package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.Precision;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.NtkTiles;
import io.tangentflow.kernel.empirical.PrecisionCheck;
import io.tangentflow.kernel.empirical.TilePlan;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.TimeGrid;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Computes tiles of a tangent kernel's Gram matrix into its store. */
final class TileWorker extends KernelWorker {

  /** Makes them. */
  public static final class Provider implements WorkerProvider {
    @Override
    public String kind() {
      return TileSetting.KIND;
    }

    @Override
    public Worker open(Workload workload, Seat seat) {
      return new TileWorker(WorkUnit.value(workload.setting(), TileSetting.class), seat);
    }
  }

  private final TileSetting setting;
  private final NeuralOde model;
  private final TimeGrid grid;
  private final Parameters parameters;

  /** For tiles on their way into a store that is not seen here; null while there are none. */
  private GramStore likeness;

  private TileWorker(TileSetting setting, Seat seat) {
    super(
        seat,
        setting.machine().backend(),
        new BackendOptions(
            setting.machine().precision(),
            setting.machine().threads(),
            0,
            setting.machine().gaussians()),
        setting.machine().memory(),
        null);
    this.setting = setting;
    model = setting.network().model();
    grid = setting.network().grid();
    parameters = new Parameters.Seeded(setting.network().seed());
  }

  @Override
  public JsonNode compute(JsonNode unit, Listener listener) {
    long start = System.nanoTime();
    TileStrip strip = WorkUnit.value(unit, TileStrip.class);
    GramStore store = store();
    Missing missing = new Missing(store, strip);
    GramPlan plan =
        new TilePlan(
                model,
                grid,
                setting.samples(),
                setting.nodes(),
                setting.strategies(),
                setting.machine().precision())
            .of(setting.tile(), budget);
    long peakBytes =
        new NtkTiles(new EmpiricalNtk(model, grid, plan))
            .forEach(parameters, inputs(), backend, missing);
    Double difference = strip.holds(0, 0) ? differenceFromFp64(store, plan) : null;
    if (likeness != null) {
      send(strip);
    }
    return WorkUnit.tree(
        new TileResult(
            strip,
            missing.computed,
            difference,
            peakBytes,
            (System.nanoTime() - start) * 1e-9,
            seat.place(backend)));
  }

  /** The store; or, where this process does not see it, an empty one of the same description. */
  private GramStore store() {
    Path directory = Path.of(setting.store());
    Path header =
        seat.exchange()
            .find(GramStore.HEADER)
            .orElseThrow(() -> new IllegalStateException("the store was not begun before"));
    if (header.equals(directory.resolve(GramStore.HEADER))) {
      return GramStore.open(directory);
    }
    if (likeness == null) {
      try {
        Path copy = Files.createTempDirectory("tangentflow-tiles-");
        Files.copy(header, copy.resolve(GramStore.HEADER));
        likeness = GramStore.open(copy);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return likeness;
  }

  /** Moves the tiles of a strip into the exchange. */
  private void send(TileStrip strip) {
    for (int column = strip.from(); column < strip.to(); column++) {
      Path file = likeness.file(strip.row(), column);
      seat.exchange().write(likeness.name(strip.row(), column), out -> Files.copy(file, out));
      likeness.delete(strip.row(), column);
    }
  }

  @Override
  public void close() {
    super.close();
    if (likeness != null) {
      removeLikeness();
    }
  }

  private void removeLikeness() {
    try (Stream<Path> all = Files.walk(likeness.path())) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes the tiles of a strip that are not in the store. */
  private static final class Missing implements NtkTiles.Sink {
    private final GramStore store;
    private final TileStrip strip;
    private int computed;

    Missing(GramStore store, TileStrip strip) {
      this.store = store;
      this.strip = strip;
    }

    @Override
    public boolean wants(int row, int column) {
      return strip.holds(row, column)
          && !(store.exists(row, column) && store.visibleDamage(row, column).isEmpty());
    }

    @Override
    public void accept(int row, int column, DenseMatrix tile, double gradientError) {
      store.put(row, column, tile, gradientError);
      computed++;
    }
  }

  /** Null where it is not known: see {@link TileResult}. cuRAND's weights are others in FP64. */
  private Double differenceFromFp64(GramStore store, GramPlan plan) {
    if (setting.machine().precision() == Precision.FP64
        || setting.machine().gaussians() == GaussianSource.CURAND
        || plan.blockSize() < Math.min(PrecisionCheck.SAMPLES, setting.samples())) {
      return null;
    }
    return differenceFromFp64(model, grid, parameters, store.tile(0, 0));
  }
}
