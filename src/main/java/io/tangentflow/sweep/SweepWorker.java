package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.data.SamplePairs;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.limit.InputRounding;
import io.tangentflow.kernel.limit.LimitDoubt;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitTiles;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.spectrum.Spectrum;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;

/** Computes limiting kernels and cells of a sweep, each on all threads of its backend. */
final class SweepWorker extends KernelWorker {

  /** Makes them. */
  public static final class Provider implements WorkerProvider {
    @Override
    public String kind() {
      return Sweep.KIND;
    }

    @Override
    public Worker open(Workload workload, Seat seat) {
      return new SweepWorker(WorkUnit.value(workload.setting(), SweepSetting.class), seat);
    }
  }

  private final SweepConfiguration configuration;
  private final int inputDim;
  private final Set<Integer> widthsByPanels = new HashSet<>();

  /** The limiting kernel that was used last: cells of one limit mostly follow each other. */
  private DenseMatrix limit;

  private String limitName;

  private SweepWorker(SweepSetting setting, Seat seat) {
    super(
        seat,
        setting.configuration().backend(),
        new BackendOptions(setting.configuration().precision(), setting.configuration().threads()),
        setting.memory(),
        setting.budget());
    configuration = setting.configuration();
    inputDim = setting.inputDim();
  }

  /** Plans every cell, so that one that does not fit in memory is refused. */
  @Override
  public Preparation prepare() {
    configuration.cells().forEach(this::plan);
    return super.prepare();
  }

  @Override
  public JsonNode compute(JsonNode setting, Listener listener) {
    SweepUnit unit = WorkUnit.value(setting, SweepUnit.class);
    return WorkUnit.tree(
        unit.part() == SweepUnit.Part.LIMIT
            ? limit(unit.cell(), listener)
            : kernel(unit.cell(), unit.part() == SweepUnit.Part.KERNEL_BESIDE_FP64, listener));
  }

  private LimitSummary limit(Cell cell, Listener listener) {
    String name = Sweep.limitName(cell);
    LimitingKernel kernel = Sweep.limitingKernel(configuration, cell, inputDim);
    long samples = inputs().columns();
    double pairs = samples * (samples + 1) / 2.0;
    listener.status(String.format("limiting kernel %s of %.0f pairs of samples", name, pairs));
    ForkJoinPool pool = new ForkJoinPool(configuration.threads());
    try (Backend fp64 =
        Backends.open(
            seat.backend(backend.name()),
            new BackendOptions(Precision.FP64, configuration.threads()))) {
      LimitTiles tiles = kernel.tiles(inputs(), pool);
      LimitGram gram =
          tiles.gram(
              fp64,
              fp64.availableBytes(),
              done -> listener.progress(done / pairs, "limiting kernel " + name));
      write(Sweep.nngpFile(name), gram.nngp());
      write(Sweep.ntkFile(name), gram.ntk());
      InputRounding rounding =
          InputRounding.of(
              kernel,
              tiles,
              inputs(),
              SamplePairs.of(inputs()).greatestCorrelation(),
              gram.ntkError(),
              pool);
      Spectrum.Extreme least = Spectrum.least(gram.ntk());
      return new LimitSummary(
          name,
          gram.ntkError(),
          gram.nngpError(),
          LimitDoubt.largest(gram.ntk()),
          least.value(),
          least.errorBound() + samples * (gram.ntkError() + rounding.ntkError()));
    } finally {
      pool.shutdown();
    }
  }

  private void write(String file, DenseMatrix matrix) {
    seat.exchange().write(file, out -> Npy.write(out, matrix, ElementType.FP64));
  }

  private DenseMatrix limitOf(Cell cell) {
    String name = Sweep.limitName(cell);
    if (!name.equals(limitName)) {
      limit = matrix(Sweep.ntkFile(name));
      limitName = name;
    }
    return limit;
  }

  private CellResult kernel(Cell cell, boolean besideFp64, Listener listener) {
    DenseMatrix limiting = limitOf(cell);
    long start = System.nanoTime();
    NeuralOde model = configuration.model(cell, inputDim);
    TimeGrid grid = SweepConfiguration.grid(cell);
    GramPlan plan = plan(cell);
    if (plan.weightsByPanels() && widthsByPanels.add(cell.width())) {
      listener.status("width " + cell.width() + ": W does not fit in memory; " + plan);
    }
    Parameters parameters = new Parameters.Seeded(cell.seed());
    EmpiricalNtk.Result ntk =
        new EmpiricalNtk(model, grid, plan).gram(parameters, inputs(), backend, fraction -> {});
    Double precisionError =
        besideFp64 ? differenceFromFp64(model, grid, parameters, ntk.gram()) : null;
    Spectrum.Ends ends = Spectrum.ends(ntk.gram());
    return new CellResult(
        cell,
        ntk.gram().distance(limiting) / limiting.norm(),
        ends.least().value(),
        ends.least().errorBound(),
        ntk.roundingBound(),
        ends.greatest().value(),
        precisionError,
        plan.strategy().toString(),
        ntk.peakBytes(),
        (System.nanoTime() - start) * 1e-9,
        seat.place(backend));
  }

  private GramPlan plan(Cell cell) {
    return Sweep.plan(configuration, cell, inputDim, budget);
  }
}
