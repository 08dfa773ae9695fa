package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.Normalisation;
import io.tangentflow.model.Activations;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A grid of networks and what they have in common. It is written to {@code run.json} and read back
 * by {@code resume}, so its components are plain values.
 *
 * @param data as {@code --data} takes it
 * @param samples N
 * @param dataSeed of the choice of samples
 * @param normalise of the inputs
 * @param activations labels
 * @param solvers names
 * @param depths numbers of steps
 * @param widths n
 * @param seeds of the parameters
 * @param horizon T
 * @param sigmaU σu
 * @param sigmaW σw
 * @param sigmaV σv
 * @param precision of the networks
 * @param backend a name or {@code auto}
 * @param threads of the backend
 */
public record SweepConfiguration(
    String data,
    int samples,
    long dataSeed,
    Normalisation normalise,
    List<String> activations,
    List<String> solvers,
    List<Integer> depths,
    List<Integer> widths,
    List<Long> seeds,
    double horizon,
    double sigmaU,
    double sigmaW,
    double sigmaV,
    Precision precision,
    String backend,
    int threads) {

  /** A line of results for each is kept in memory. */
  private static final int MOST_CELLS = 1_000_000;

  public SweepConfiguration {
    Objects.requireNonNull(normalise);
    Objects.requireNonNull(precision);
    Objects.requireNonNull(backend);
    // One name for each, since cells are told apart and limits are chosen by name.
    activations =
        distinct(
            "--activation",
            present("--activation", activations).stream()
                .map(name -> Activations.named(name).label())
                .toList());
    solvers =
        distinct(
            "--solver",
            present("--solver", solvers).stream().map(name -> Tableau.named(name).name()).toList());
    depths = distinct("--depth", present("--depth", depths));
    widths = distinct("--width", present("--width", widths));
    seeds = distinct("--seeds", present("--seeds", seeds));
    if (!(sigmaV > 0)) {
      throw new InvalidConfiguration(
          "--sigma-v", "must be positive, not " + sigmaV + ": else every kernel is zero");
    }
    DataSource.parse(data);
    double networks =
        (double) activations.size() * solvers.size() * depths.size() * widths.size() * seeds.size();
    if (networks > MOST_CELLS) {
      throw new InvalidConfiguration(
          "--width, --depth, --activation, --solver, --seeds",
          String.format("make %.0f networks, and a sweep has at most %d", networks, MOST_CELLS));
    }
    for (String activation : activations) {
      for (int width : widths) {
        model(activation, width, 1, horizon, sigmaU, sigmaW, sigmaV);
      }
    }
    for (String solver : solvers) {
      for (int depth : depths) {
        grid(solver, depth);
      }
    }
  }

  /**
   * What {@code quickstart} runs: Softplus networks of widths 64 … 2048, eight seeds each, on 100
   * of the built-in digits scaled to ‖x‖² = d, solved by five RK4 steps.
   */
  public static SweepConfiguration quickstart(int threads) {
    return new SweepConfiguration(
        "digits",
        100,
        0,
        Normalisation.SPHERE,
        List.of(StandardActivation.SOFTPLUS.label()),
        List.of(Tableau.RK4.name()),
        List.of(5),
        List.of(64, 128, 256, 512, 1024, 2048),
        List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L),
        1,
        1,
        1,
        1,
        Precision.FP32,
        Backends.AUTO,
        threads);
  }

  /** The same on another backend. */
  SweepConfiguration withBackend(String name) {
    return new SweepConfiguration(
        data,
        samples,
        dataSeed,
        normalise,
        activations,
        solvers,
        depths,
        widths,
        seeds,
        horizon,
        sigmaU,
        sigmaW,
        sigmaV,
        precision,
        name,
        threads);
  }

  /** All cells, in the order in which they are computed: narrow networks first. */
  public List<Cell> cells() {
    List<Cell> cells = new ArrayList<>();
    for (String activation : activations) {
      for (String solver : solvers) {
        for (int depth : depths) {
          for (int width : widths) {
            for (long seed : seeds) {
              cells.add(new Cell(activation, solver, depth, width, seed));
            }
          }
        }
      }
    }
    return cells;
  }

  /** The samples. */
  public Dataset load() {
    return DataSource.parse(data).load(samples, dataSeed).normalised(normalise);
  }

  /** The hyper-parameters of a cell on inputs of that dimension. */
  public NeuralOde model(Cell cell, int inputDim) {
    return model(cell.activation(), cell.width(), inputDim, horizon, sigmaU, sigmaW, sigmaV);
  }

  /** The steps of a cell. */
  public static TimeGrid grid(Cell cell) {
    return grid(cell.solver(), cell.depth());
  }

  private static TimeGrid grid(String solver, int depth) {
    return new TimeGrid(Tableau.named(solver), depth);
  }

  private static NeuralOde model(
      String activation,
      int width,
      int inputDim,
      double horizon,
      double sigmaU,
      double sigmaW,
      double sigmaV) {
    return new NeuralOde(
        inputDim, width, 1, horizon, sigmaU, sigmaW, sigmaV, Activations.named(activation));
  }

  private static <T> List<T> present(String option, List<T> values) {
    if (values == null || values.isEmpty()) {
      throw new InvalidConfiguration(option, "needs at least one value");
    }
    return values;
  }

  private static <T> List<T> distinct(String option, List<T> values) {
    Set<T> once = new HashSet<>();
    for (T value : values) {
      if (!once.add(value)) {
        throw new InvalidConfiguration(option, value + " is given more than once");
      }
    }
    return List.copyOf(values);
  }
}
