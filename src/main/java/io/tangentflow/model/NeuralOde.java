package io.tangentflow.model;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The hyper-parameters of a Neural ODE in the NTK parametrisation,
 *
 * <pre>
 *   h(0) = (σu/√d) U x,    dh/dt = (σw/√n) W φ(h) for 0 ≤ t ≤ T,    f(x) = (σv/√n) V φ(h(T)),
 * </pre>
 *
 * with U (n×d), W (n×n) and V (m×n) of independent standard normal entries.
 *
 * @param inputDim d, the dimension of an input x
 * @param width n
 * @param outputs m
 * @param horizon T
 * @param sigmaU σu
 * @param sigmaW σw; for long horizons choose it ∝ 1/T
 * @param sigmaV σv
 * @param activation φ
 */
@API(status = Status.STABLE, since = "0.1")
public record NeuralOde(
    int inputDim,
    int width,
    int outputs,
    double horizon,
    double sigmaU,
    double sigmaW,
    double sigmaV,
    Activation activation) {

  public NeuralOde {
    atLeastOne("--input-dim", inputDim);
    atLeastOne("--width", width);
    atLeastOne("--outputs", outputs);
    positive("--horizon", horizon);
    notNegative("--sigma-u", sigmaU);
    notNegative("--sigma-w", sigmaW);
    notNegative("--sigma-v", sigmaV);
  }

  /**
   * One output, horizon 1 and scales 1.
   *
   * @param inputDim d
   * @param width n
   * @param activation φ
   */
  public NeuralOde(int inputDim, int width, Activation activation) {
    this(inputDim, width, 1, 1, 1, 1, 1, activation);
  }

  /**
   * The same at another width.
   *
   * @param newWidth n
   * @return that model
   */
  public NeuralOde withWidth(int newWidth) {
    return new NeuralOde(inputDim, newWidth, outputs, horizon, sigmaU, sigmaW, sigmaV, activation);
  }

  /**
   * The same with another number of outputs.
   *
   * @param newOutputs m
   * @return that model
   */
  public NeuralOde withOutputs(int newOutputs) {
    return new NeuralOde(inputDim, width, newOutputs, horizon, sigmaU, sigmaW, sigmaV, activation);
  }

  /** {@return σu/√d} */
  public double inputScale() {
    return sigmaU / Math.sqrt(inputDim);
  }

  /** {@return σw/√n} */
  public double flowScale() {
    return sigmaW / Math.sqrt(width);
  }

  /** {@return σv/√n} */
  public double outputScale() {
    return sigmaV / Math.sqrt(width);
  }

  private static void atLeastOne(String field, int value) {
    if (value < 1) {
      throw new InvalidConfiguration(field, "must be at least 1, not " + value);
    }
  }

  private static void positive(String field, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new InvalidConfiguration(field, "must be a positive number, not " + value);
    }
  }

  private static void notNegative(String field, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new InvalidConfiguration(field, "must be zero or a positive number, not " + value);
    }
  }
}
