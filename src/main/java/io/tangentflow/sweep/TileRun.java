package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/** Has tiles of a Gram matrix computed into their store by the processes of a cluster. */
public final class TileRun {

  private final GramStore store;
  private final DenseMatrix inputs;

  /**
   * @param inputs x, d×N. Not modified.
   */
  public TileRun(GramStore store, DenseMatrix inputs) {
    this.store = store;
    this.inputs = inputs;
  }

  /**
   * Computes the wanted tiles.
   *
   * @param setting with the store's tiles
   * @param wanted indices of the store's grid, of tiles that are not in it
   * @param exchange the store, or what stands for it where other machines do not see it
   * @param sink takes what became of each strip, as it is finished
   */
  public void run(
      TileSetting setting,
      BitSet wanted,
      UnitExecutor executor,
      Exchange exchange,
      Consumer<TileResult> sink,
      UnitExecutor.Listener listener) {
    SharedFiles files = new SharedFiles(store.path(), exchange);
    Path kept = store.path().resolve(Sweep.INPUTS);
    // Of a store the inputs are the same at any time: its description has their hash.
    if (!Files.exists(kept)) {
      Npy.write(kept, inputs.transpose(), ElementType.FP64);
    }
    files.lend(Sweep.INPUTS);
    files.lend(GramStore.HEADER);
    // What counts is which tiles are there; and several may work on the store at a time.
    Workload workload = Workload.of(TileSetting.KIND, UUID.randomUUID().toString(), setting);
    List<WorkUnit> units =
        TileStrip.of(store.grid(), wanted, executor.slots()).stream()
            .map(strip -> WorkUnit.of(workload, strip.words(), strip.to() - strip.from(), strip))
            .toList();
    executor.run(
        workload,
        units,
        answer -> {
          TileResult result = WorkUnit.value(answer, TileResult.class);
          bring(result.strip(), exchange);
          sink.accept(result);
        },
        listener);
    new UnitFiles(exchange).clear(units);
    files.remove(Sweep.INPUTS);
    files.remove(GramStore.HEADER);
  }

  private void bring(TileStrip strip, Exchange exchange) {
    int row = strip.row();
    for (int column = strip.from(); column < strip.to(); column++) {
      String name = store.name(row, column);
      Path place = store.file(row, column);
      Path written =
          exchange
              .find(name)
              .orElseThrow(() -> new DataFormat(place, "was not written by its worker", null));
      if (!written.equals(place.toAbsolutePath())) {
        store.put(row, column, written);
        exchange.delete(name);
      }
    }
  }
}
