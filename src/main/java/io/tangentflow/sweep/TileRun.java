package io.tangentflow.sweep;

import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.model.DenseMatrix;
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
   * Computes the wanted tiles; all processes see the store.
   *
   * @param setting with the store's tiles
   * @param wanted indices of the store's grid, of tiles that are not in it
   * @param sink takes what became of each strip, as it is finished
   */
  public void run(
      TileSetting setting,
      BitSet wanted,
      UnitExecutor executor,
      Consumer<TileResult> sink,
      UnitExecutor.Listener listener) {
    Exchange exchange = new DirectoryExchange(store.path().toAbsolutePath());
    // Of a store the inputs are the same at any time: its description has their hash.
    if (exchange.find(Sweep.INPUTS).isEmpty()) {
      exchange.write(Sweep.INPUTS, out -> Npy.write(out, inputs.transpose(), ElementType.FP64));
    }
    // What counts is which tiles are there; and several may work on the store at a time.
    Workload workload = Workload.of(TileSetting.KIND, UUID.randomUUID().toString(), setting);
    List<WorkUnit> units =
        TileStrip.of(store.grid(), wanted, executor.slots()).stream()
            .map(strip -> WorkUnit.of(workload, strip.words(), strip.to() - strip.from(), strip))
            .toList();
    executor.run(
        workload, units, result -> sink.accept(WorkUnit.value(result, TileResult.class)), listener);
    new UnitFiles(exchange).clear(units);
  }
}
