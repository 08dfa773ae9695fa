package io.tangentflow.gradient;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import java.util.EnumMap;
import java.util.Map;

/**
 * Adds Σ_io r_io ∂f_o(x_i)/∂θ to matrices that are there, one for each block θ that is wanted:
 *
 * <pre>
 *   target ← decay · target + weight Σ_io r_io ∂f_o(x_i)/∂θ,
 * </pre>
 *
 * of one cotangent column r for each sample, by a product for each list of pairs. It is used once,
 * for one way back. With the decay 0 the old values are not read.
 */
public final class BlockGradients implements PairSink {

  private final Backend backend;
  private final NeuralOde model;
  private final Matrix x;
  private final Matrix cotangents;
  private final double weight;
  private final Map<Block, Matrix> targets;
  private final Map<Block, Double> decays = new EnumMap<>(Block.class);

  /**
   * @param x d×N
   * @param cotangents r, m×N, as they are pulled back
   * @param targets of the shapes of the blocks. Modified; they may be the parameters themselves
   *     only if these are not needed any more on the way back.
   */
  public BlockGradients(
      NeuralOde model,
      Matrix x,
      Matrix cotangents,
      double weight,
      double decay,
      Map<Block, Matrix> targets,
      Backend backend) {
    this.model = model;
    this.x = x;
    this.cotangents = cotangents;
    this.weight = weight;
    this.targets = targets;
    this.backend = backend;
    targets.keySet().forEach(block -> decays.put(block, decay));
  }

  @Override
  public void begin(Matrix outputs, Matrix finalActivation) {
    add(Block.V, model.outputScale(), cotangents, finalActivation);
  }

  @Override
  public void pair(double ofPair, Matrix adjoints, Matrix activations) {
    add(Block.W, ofPair, adjoints, activations);
  }

  @Override
  public void end(Matrix initialAdjoint) {
    add(Block.U, model.inputScale(), initialAdjoint, x);
  }

  private void add(Block block, double scale, Matrix a, Matrix b) {
    Matrix target = targets.get(block);
    if (target != null) {
      // What was there before decays once, whatever the number of products.
      double beta = decays.put(block, 1.0);
      backend.gemm(Transpose.NO, Transpose.YES, weight * scale, a, b, beta, target);
    }
  }
}
