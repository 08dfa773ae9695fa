package io.tangentflow.sweep;

import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Normalisation;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleBiFunction;

/** Run directories made by hand: results are given, not computed. */
public final class SmallRun {

  private SmallRun() {}

  /** Synthetic data, horizon and scales 1, one thread. */
  public static SweepConfiguration configuration(
      List<String> activations,
      List<String> solvers,
      List<Integer> depths,
      List<Integer> widths,
      List<Long> seeds,
      Precision precision) {
    return new SweepConfiguration(
        "synthetic:d=4",
        5,
        0,
        Normalisation.SPHERE,
        activations,
        solvers,
        depths,
        widths,
        seeds,
        1,
        1,
        1,
        1,
        precision,
        "cpu-vector",
        1);
  }

  public static Manifest manifest(SweepConfiguration configuration) {
    return new Manifest(
        Sweep.KIND,
        "sweep",
        "2026-01-01T00:00:00Z",
        "0",
        "17",
        "here",
        "a device",
        MemoryBudget.shared(1 << 28),
        StrictJson.tree(configuration),
        List.of());
  }

  /**
   * A finished run.
   *
   * @param error of a cell
   * @param least its least eigenvalue; the greatest is ten
   * @param precisionError of every cell of seed 0
   */
  public static RunDirectory of(
      Path path,
      SweepConfiguration configuration,
      ToDoubleBiFunction<Integer, Long> error,
      ToDoubleBiFunction<Integer, Long> least,
      Double precisionError) {
    RunDirectory run = RunDirectory.create(path, manifest(configuration));
    SweepResults results = new SweepResults(run);
    for (Cell cell : configuration.cells()) {
      results.write(new LimitSummary(Sweep.limitName(cell), 1e-12, 1e-13, 5, 0.25, 1e-15));
      results.append(
          new CellResult(
              cell,
              error.applyAsDouble(cell.width(), cell.seed()),
              least.applyAsDouble(cell.width(), cell.seed()),
              1e-14,
              5e-12,
              10,
              cell.seed() == 0 ? precisionError : null,
              "explicit",
              1 << 20,
              0.5,
              new Place(Place.HERE, "", "a device")));
    }
    return run;
  }
}
