package io.tangentflow.sweep;

import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.Precision;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.model.Activations;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.util.List;

/**
 * What all tiles of a tangent kernel's Gram matrix have in common.
 *
 * @param store the directory that they go into
 * @param network whose kernel it is
 * @param samples N
 * @param nodes in time
 * @param strategies to choose from
 * @param tile the samples of a tile; 0 while that is not settled
 * @param machine what it is computed on
 */
public record TileSetting(
    String store,
    Network network,
    int samples,
    TimeNodes nodes,
    List<GramStrategy> strategies,
    int tile,
    Machine machine) {

  /** The kind of its units. */
  public static final String KIND = "tiles";

  /**
   * A network and the steps of its solver.
   *
   * @param inputDim d
   * @param width n
   * @param outputs m
   * @param seed of the parameters
   */
  public record Network(
      String activation,
      int inputDim,
      int width,
      int outputs,
      double horizon,
      double sigmaU,
      double sigmaW,
      double sigmaV,
      String solver,
      int depth,
      long seed) {

    /** That of a model, a grid and a seed. */
    public static Network of(NeuralOde model, TimeGrid grid, long seed) {
      return new Network(
          model.activation().label(),
          model.inputDim(),
          model.width(),
          model.outputs(),
          model.horizon(),
          model.sigmaU(),
          model.sigmaW(),
          model.sigmaV(),
          grid.tableau().name(),
          grid.depth(),
          seed);
    }

    NeuralOde model() {
      return new NeuralOde(
          inputDim, width, outputs, horizon, sigmaU, sigmaW, sigmaV, Activations.named(activation));
    }

    TimeGrid grid() {
      return new TimeGrid(Tableau.named(solver), depth);
    }
  }

  /**
   * What computes.
   *
   * @param backend a name or {@code auto}
   * @param threads of the host
   * @param gaussians where weights come from
   * @param memory as {@code --memory} takes it; null for what is free
   */
  public record Machine(
      Precision precision, String backend, int threads, GaussianSource gaussians, String memory) {}

  /** The same with tiles of so many samples by one strategy, on one backend. */
  public TileSetting settled(GramStrategy strategy, int samplesOfTile, String backend) {
    return new TileSetting(
        store,
        network,
        samples,
        nodes,
        List.of(strategy),
        samplesOfTile,
        new Machine(
            machine.precision, backend, machine.threads, machine.gaussians, machine.memory));
  }
}
