package io.tangentflow.backend.cpu;

import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An ensemble on the CPU: each thread takes whole networks, one after another, generates their
 * parameters in its own memory and solves all samples together. No BLAS is called, as its threads
 * are the process's.
 */
final class CpuEnsemble {

  private final Ensemble ensemble;
  private final NeuralOde model;
  private final Span inputs;
  private final int samples;
  private final Span outputs;
  private final Kernels kernels;

  /**
   * @param inputs d×N, contiguous
   * @param outputs mN×B, contiguous
   */
  CpuEnsemble(Ensemble ensemble, CpuMatrix inputs, CpuMatrix outputs, Kernels kernels) {
    this.ensemble = ensemble;
    this.model = ensemble.model();
    this.inputs = Span.of(inputs, kernels);
    this.samples = inputs.columns();
    this.outputs = Span.of(outputs, kernels);
    this.kernels = kernels;
  }

  void solve(Parallel parallel, Workspace scratch) {
    try (Workspace memory = scratch.scope()) {
      Worker[] workers = new Worker[Math.min(parallel.threads(), ensemble.networks())];
      for (int i = 0; i < workers.length; i++) {
        workers[i] = new Worker(memory);
      }
      AtomicInteger next = new AtomicInteger();
      parallel.workers(
          workers.length,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              for (int b = next.getAndIncrement();
                  b < ensemble.networks();
                  b = next.getAndIncrement()) {
                workers[i].solve(b);
              }
            }
          });
    }
  }

  /** One thread's parameters and states. */
  private final class Worker {

    private final int n = model.width();
    private final int size = n * samples;
    private final double flow = ensemble.timeStep() * model.flowScale();
    private final Span u;
    private final Span w;
    private final Span v;
    private final Span h;
    private final Span stage;
    private final Span sum;
    private final Span activation;
    private final Span derivative;

    Worker(Workspace memory) {
      u = span(memory, n, model.inputDim());
      w = span(memory, n, n);
      v = span(memory, model.outputs(), n);
      h = span(memory, n, samples);
      boolean stages = ensemble.method() == Ensemble.Method.RK4;
      stage = stages ? span(memory, n, samples) : null;
      sum = stages ? span(memory, n, samples) : null;
      activation = span(memory, n, samples);
      derivative = span(memory, n, samples);
    }

    private Span span(Workspace memory, int rows, int columns) {
      Matrix matrix = memory.allocate(rows, columns, inputs.precision());
      return Span.of((CpuMatrix) matrix, kernels);
    }

    void solve(int network) {
      long seed = ensemble.firstSeed() + network;
      u.gaussian(seed, Parameters.STREAM_U, 0, 0, n * model.inputDim());
      w.gaussian(seed, Parameters.STREAM_W, 0, 0, n * n);
      v.gaussian(seed, Parameters.STREAM_V, 0, 0, model.outputs() * n);
      h.clear(0, size);
      h.addProduct(model.inputScale(), u, n, model.inputDim(), inputs, samples, 0, h, 0);
      activate(h);
      for (int l = 0; l < ensemble.depth(); l++) {
        switch (ensemble.method()) {
          case EULER -> addField(flow, h, h);
          case RK4 -> rungeKutta();
        }
        activate(h);
      }
      int at = network * model.outputs() * samples;
      outputs.clear(at, model.outputs() * samples);
      outputs.addProduct(
          model.outputScale(), v, model.outputs(), n, activation, samples, at, outputs, at);
    }

    /**
     * h ← h + Δ(k₁ + 2k₂ + 2k₃ + k₄)/6 without the k: with the stages Y₂ = h + Δk₁/2, Y₃ = h +
     * Δk₂/2 and Y₄ = h + Δk₃ it is (Y₂ + 2Y₃ + Y₄ − h)/3 + Δk₄/6.
     */
    private void rungeKutta() {
      addField(flow / 2, h, stage);
      h.scale(-1.0 / 3, 0, sum, size);
      sum.add(1.0 / 3, stage, 0, sum, size);
      activate(stage);
      addField(flow / 2, h, stage);
      sum.add(2.0 / 3, stage, 0, sum, size);
      activate(stage);
      addField(flow, h, stage);
      sum.add(1.0 / 3, stage, 0, sum, size);
      activate(stage);
      addField(flow / 6, sum, h);
    }

    /** result ← base + weight · W φ. */
    private void addField(double weight, Span base, Span result) {
      base.addProduct(weight, w, n, n, activation, samples, 0, result, 0);
    }

    private void activate(Span state) {
      state.activate(model.activation(), 0, activation, derivative, size);
    }
  }
}
