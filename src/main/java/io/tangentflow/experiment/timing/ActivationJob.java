package io.tangentflow.experiment.timing;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.Activation;
import java.util.List;
import java.util.OptionalDouble;

/** φ and φ' of standard normal numbers, one fused pass for each of some activations. */
public final class ActivationJob implements TimedJob {

  /** Of the input, the value and the derivative. */
  private static final int ARRAYS = 3;

  private final List<Activation> activations;
  private final Backend backend;
  private final Workspace workspace;
  private final Matrix h;
  private final Matrix value;
  private final Matrix derivative;

  /** Prepares a pass over so many entries. */
  public ActivationJob(
      List<Activation> activations, int entries, Backend backend, long budgetBytes) {
    this.activations = activations;
    this.backend = backend;
    workspace = backend.workspace("activations of " + entries + " numbers", budgetBytes);
    try {
      h = workspace.allocate(entries, 1);
      value = workspace.allocate(entries, 1);
      derivative = workspace.allocate(entries, 1);
      backend.gaussian(h, 1, 0);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  @Override
  public void run() {
    activations.forEach(this::pass);
  }

  /** One of them. */
  public void pass(Activation phi) {
    backend.activate(phi, h, value, derivative);
  }

  /** φ of the last pass. */
  public Matrix value() {
    return value;
  }

  /** φ' of the last pass. */
  public Matrix derivative() {
    return derivative;
  }

  /** What a pass is applied to. */
  public Matrix input() {
    return h;
  }

  /** That a pass reads and writes. */
  public double bytesOfPass() {
    return (double) ARRAYS * h.rows() * h.precision().bytes();
  }

  /** Those of transcendental functions are not counted. */
  @Override
  public OptionalDouble flops() {
    return OptionalDouble.empty();
  }

  @Override
  public long peakBytes() {
    return workspace.peakBytes();
  }

  @Override
  public void close() {
    workspace.close();
  }
}
