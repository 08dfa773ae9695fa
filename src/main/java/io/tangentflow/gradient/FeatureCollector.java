package io.tangentflow.gradient;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Keeps all pairs, in the order in which they come. Where their number is not known beforehand it
 * holds them twice for a moment at the end.
 */
final class FeatureCollector implements PairSink, AutoCloseable {

  private final NeuralOde model;
  private final Matrix x;
  private final Workspace workspace;
  private final Backend backend;
  private final int samples;
  private final int columns;
  private final Matrix initialAdjoint;
  private final Matrix finalActivation;
  private final Matrix outputs;
  private final Workspace waiting;
  private final List<Matrix> waitingAdjoints = new ArrayList<>();
  private final List<Matrix> waitingActivations = new ArrayList<>();
  private Matrix adjoints;
  private Matrix activations;
  private int slots;

  FeatureCollector(NeuralOde model, Matrix x, OptionalInt pairs, Workspace workspace) {
    this.model = model;
    this.x = x;
    this.workspace = workspace;
    this.backend = workspace.backend();
    samples = x.columns();
    columns = Math.multiplyExact(samples, model.outputs());
    initialAdjoint = workspace.allocate(model.width(), columns);
    finalActivation = workspace.allocate(model.width(), samples);
    outputs = workspace.allocate(model.outputs(), samples);
    waiting = workspace.scope();
    pairs.ifPresent(this::allocate);
  }

  private void allocate(int pairs) {
    adjoints = workspace.allocate(model.width(), Math.multiplyExact(columns, pairs));
    activations = workspace.allocate(model.width(), Math.multiplyExact(samples, pairs));
  }

  @Override
  public void begin(Matrix f, Matrix phi) {
    backend.copy(f, outputs);
    backend.copy(phi, finalActivation);
  }

  @Override
  public void pair(double weight, Matrix a, Matrix phi) {
    Matrix adjoint;
    Matrix activation;
    if (adjoints == null) {
      adjoint = waiting.allocate(model.width(), a.columns());
      activation = waiting.allocate(model.width(), phi.columns());
      waitingAdjoints.add(adjoint);
      waitingActivations.add(activation);
    } else {
      adjoint = adjoints.columnRange(slots * columns, a.columns());
      activation = activations.columnRange(slots * samples, phi.columns());
    }
    backend.addScaled(weight, a, adjoint);
    backend.copy(phi, activation);
    slots += phi.columns() / samples;
  }

  @Override
  public void end(Matrix lambda) {
    backend.copy(lambda, initialAdjoint);
    if (adjoints == null) {
      allocate(slots);
      place(waitingAdjoints, adjoints);
      place(waitingActivations, activations);
    }
  }

  private void place(List<Matrix> parts, Matrix whole) {
    int at = 0;
    for (Matrix part : parts) {
      backend.copy(part, whole.columnRange(at, part.columns()));
      at += part.columns();
    }
  }

  /** All of them, once the way back has ended. */
  TangentFeatures features() {
    return new TangentFeatures(
        model, adjoints, activations, initialAdjoint, finalActivation, x, outputs);
  }

  /** Gives back what waited; the features stay. */
  @Override
  public void close() {
    waiting.close();
  }
}
