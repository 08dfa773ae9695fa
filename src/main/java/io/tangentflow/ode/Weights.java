package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import java.util.EnumMap;
import java.util.Map;

/**
 * A network's parameters on a device; the workspace they were placed in owns them.
 *
 * @param model the hyper-parameters
 * @param u n×d
 * @param flow W, n×n
 * @param v m×n
 */
public record Weights(NeuralOde model, Matrix u, FlowMatrix flow, Matrix v) {

  /**
   * Parameters that are there.
   *
   * @param u n×d
   * @param w n×n
   * @param v m×n
   * @param backend whose matrices they are
   */
  public Weights(NeuralOde model, Matrix u, Matrix w, Matrix v, Backend backend) {
    this(model, u, new HeldFlowMatrix(w, backend), v);
  }

  /**
   * W, n×n.
   *
   * @throws IllegalStateException if it is made by panels
   */
  public Matrix w() {
    if (flow instanceof HeldFlowMatrix held) {
      return held.w();
    }
    throw new IllegalStateException("W is made by panels, and held nowhere");
  }

  /** The matrix of that block. */
  public Matrix block(Block block) {
    return switch (block) {
      case U -> u;
      case W -> w();
      case V -> v;
    };
  }

  /** The matrices of all blocks. */
  public Map<Block, Matrix> blocks() {
    Map<Block, Matrix> blocks = new EnumMap<>(Block.class);
    for (Block block : Block.values()) {
      blocks.put(block, block(block));
    }
    return blocks;
  }

  /** Generates or uploads the parameters into the workspace. */
  public static Weights place(NeuralOde model, Parameters parameters, Workspace workspace) {
    requireFits(model, parameters);
    int n = model.width();
    Backend backend = workspace.backend();
    Matrix u = workspace.allocate(n, model.inputDim());
    Matrix w = workspace.allocate(n, n);
    Matrix v = workspace.allocate(model.outputs(), n);
    place(parameters, u, v, backend);
    source(parameters, backend).fill(w, 0);
    return new Weights(model, u, w, v, backend);
  }

  /**
   * The same parameters without W in memory: each product with it makes its columns again, so many
   * at a time.
   *
   * @param columns a multiple of four
   */
  public static Weights placeByPanels(
      NeuralOde model, Parameters parameters, int columns, Workspace workspace) {
    requireFits(model, parameters);
    int n = model.width();
    Backend backend = workspace.backend();
    Matrix u = workspace.allocate(n, model.inputDim());
    Matrix panel = workspace.allocate(n, Math.min(n, columns));
    Matrix v = workspace.allocate(model.outputs(), n);
    place(parameters, u, v, backend);
    return new Weights(
        model, u, new PanelledFlowMatrix(source(parameters, backend), panel, backend), v);
  }

  private static void place(Parameters parameters, Matrix u, Matrix v, Backend backend) {
    if (parameters instanceof Parameters.Seeded seeded) {
      backend.gaussian(u, seeded.seed(), Parameters.STREAM_U);
      backend.gaussian(v, seeded.seed(), Parameters.STREAM_V);
    } else if (parameters instanceof Parameters.Given given) {
      backend.upload(given.u(), u);
      backend.upload(given.v(), v);
    }
  }

  /** Columns of W of those parameters. */
  private static PanelledFlowMatrix.Source source(Parameters parameters, Backend backend) {
    if (parameters instanceof Parameters.Given given) {
      DenseMatrix w = given.w();
      return (panel, first) ->
          backend.upload(
              panel.columns() == w.columns() ? w : w.columnRange(first, panel.columns()), panel);
    }
    long seed = ((Parameters.Seeded) parameters).seed();
    return (panel, first) ->
        backend.gaussian(panel, seed, Parameters.STREAM_W, (long) first * panel.rows());
  }

  private static void requireFits(NeuralOde model, Parameters parameters) {
    if (parameters instanceof Parameters.Given given
        && (given.u().columns() != model.inputDim()
            || given.w().rows() != model.width()
            || given.v().rows() != model.outputs())) {
      throw new InvalidConfiguration(
          "parameters",
          String.format(
              "are those of width %d, input dimension %d and %d outputs, but the model has width"
                  + " %d, input dimension %d and %d outputs",
              given.w().rows(),
              given.u().columns(),
              given.v().rows(),
              model.width(),
              model.inputDim(),
              model.outputs()));
    }
  }

  /** Bytes that {@link #place} allocates. */
  public static long bytes(NeuralOde model, int bytesPerNumber) {
    return bytes(model, model.width(), bytesPerNumber);
  }

  /** Bytes that {@link #placeByPanels} allocates. */
  public static long bytes(NeuralOde model, int columns, int bytesPerNumber) {
    long n = model.width();
    return n * ((long) columns + model.inputDim() + model.outputs()) * bytesPerNumber;
  }

  /** Copies inputs (d×N) to the device, checking that their dimension is the model's. */
  public Matrix upload(DenseMatrix inputs, Workspace workspace) {
    if (inputs.rows() != model.inputDim()) {
      throw new InvalidConfiguration(
          "--input-dim",
          "is " + model.inputDim() + " but the data have " + inputs.rows() + " features");
    }
    Matrix x = workspace.allocate(inputs.rows(), inputs.columns());
    workspace.backend().upload(inputs, x);
    return x;
  }
}
