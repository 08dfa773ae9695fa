package io.tangentflow.backend.cuda;

import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import java.util.List;

/**
 * The outputs of an ensemble. At few samples each network is one block of threads from its
 * generation to its outputs, and its W is read from the caches once per evaluation. At more samples
 * a product per network keeps the device busier: networks are generated in chunks and solved
 * together by strided batches of products.
 */
final class EnsembleLaunch {

  /** Samples up to which one block solves a network: two passes over W. */
  static final int SAMPLES_OF_BLOCK = 8;

  /** Samples that a block takes through one pass over W. */
  private static final int SAMPLES_PER_PASS = 4;

  /** Networks in a chunk; larger batches are no faster. */
  private static final int LARGEST_CHUNK = 4096;

  private final CudaBackend backend;
  private final Ensemble ensemble;
  private final NeuralOde model;
  private final CudaMatrix inputs;
  private final CudaMatrix outputs;
  private final Precision precision;
  private final int n;
  private final int samples;

  EnsembleLaunch(CudaBackend backend, Ensemble ensemble, CudaMatrix inputs, CudaMatrix outputs) {
    this.backend = backend;
    this.ensemble = ensemble;
    this.model = ensemble.model();
    this.inputs = inputs;
    this.outputs = outputs;
    this.precision = outputs.precision();
    this.n = model.width();
    this.samples = inputs.columns();
  }

  void run(Workspace scratch) {
    if (samples == 0) {
      return;
    }
    if (samples <= SAMPLES_OF_BLOCK) {
      inBlocks(scratch);
    } else {
      byProducts(scratch);
    }
  }

  /** U, W and V of one network. */
  private long parameters() {
    return (long) n * (model.inputDim() + n + model.outputs());
  }

  private void inBlocks(Workspace scratch) {
    String name = CudaBackend.kernel("ensemble", model.activation(), precision);
    int threads = (n + 31) / 32 * 32;
    int shared = sharedBytes(precision);
    long affordable = scratch.remainingBytes() / (parameters() * precision.bytes());
    int blocks =
        (int)
            Math.max(
                1,
                Math.min(
                    Math.min(ensemble.networks(), affordable),
                    backend.residentBlocks(name, threads, shared)));
    try (Workspace scope = scratch.scope()) {
      CudaMatrix parameters =
          (CudaMatrix) scope.allocate(Math.toIntExact(parameters()), blocks, precision);
      backend
          .begin()
          .integer(ensemble.method() == Ensemble.Method.EULER ? 0 : 1)
          .integer(ensemble.depth())
          .scalar(ensemble.timeStep(), precision)
          .integer(model.inputDim())
          .integer(n)
          .integer(model.outputs())
          .integer(samples)
          .scalar(model.inputScale(), precision)
          .scalar(model.flowScale(), precision)
          .scalar(model.outputScale(), precision)
          .size(ensemble.firstSeed())
          .size(ensemble.networks())
          .matrix(inputs)
          .matrix(parameters)
          .matrix(outputs);
      backend.run(name, blocks, threads, shared);
    }
  }

  /** Dynamic shared memory of the kernel: φ of the samples of a pass, twice over. */
  private int sharedBytes(Precision precision) {
    return 2 * SAMPLES_PER_PASS * n * precision.bytes();
  }

  private void byProducts(Workspace scratch) {
    boolean euler = ensemble.method() == Ensemble.Method.EULER;
    long states = (long) n * samples * (euler ? 3 : 7);
    long affordable = scratch.remainingBytes() / ((parameters() + states) * precision.bytes());
    int chunk =
        (int) Math.max(1, Math.min(Math.min(ensemble.networks(), LARGEST_CHUNK), affordable));
    try (Workspace scope = scratch.scope()) {
      Matrix u = scope.allocate(n, Math.multiplyExact(model.inputDim(), chunk), precision);
      Matrix w = scope.allocate(n, n * chunk, precision);
      Matrix v = scope.allocate(model.outputs(), n * chunk, precision);
      int columns = Math.multiplyExact(samples, chunk);
      Matrix h = scope.allocate(n, columns, precision);
      Matrix phi = scope.allocate(n, columns, precision);
      Matrix slope = scope.allocate(n, columns, precision);
      Matrix[] k = new Matrix[euler ? 0 : 4];
      for (int s = 0; s < k.length; s++) {
        k[s] = scope.allocate(n, columns, precision);
      }
      for (int first = 0; first < ensemble.networks(); first += chunk) {
        int count = Math.min(chunk, ensemble.networks() - first);
        new Chunk(first, count, u, w, v, h, phi, slope, k).solve();
      }
    }
  }

  /** Networks that are solved together; the matrices hold one network's columns after another's. */
  private final class Chunk {
    private final int first;
    private final int count;
    private final CudaMatrix u;
    private final CudaMatrix w;
    private final CudaMatrix v;
    private final Matrix h;
    private final Matrix phi;
    private final Matrix slope;
    private final Matrix[] k;

    Chunk(
        int first,
        int count,
        Matrix u,
        Matrix w,
        Matrix v,
        Matrix h,
        Matrix phi,
        Matrix slope,
        Matrix[] k) {
      this.first = first;
      this.count = count;
      this.u = generated(u, model.inputDim(), Parameters.STREAM_U);
      this.w = generated(w, n, Parameters.STREAM_W);
      this.v = generated(v, n, Parameters.STREAM_V);
      this.h = h.columnRange(0, samples * count);
      this.phi = phi.columnRange(0, samples * count);
      this.slope = slope.columnRange(0, samples * count);
      this.k = new Matrix[k.length];
      for (int s = 0; s < k.length; s++) {
        this.k[s] = k[s].columnRange(0, samples * count);
      }
    }

    /** Fills a parameter of all networks and returns the first network's. */
    private CudaMatrix generated(Matrix all, int columns, int stream) {
      CudaMatrix used = (CudaMatrix) all.columnRange(0, columns * count);
      long numbers = (long) all.rows() * columns;
      backend.gaussian(used, 0, numbers, ensemble.firstSeed() + first, stream, count);
      return (CudaMatrix) used.columnRange(0, columns);
    }

    void solve() {
      multiply(model.inputScale(), u, inputs, 0, 0, h);
      backend.activate(model.activation(), h, phi, slope);
      double dt = ensemble.timeStep();
      backend.repeat(
          ensemble.depth(),
          ensemble.method() == Ensemble.Method.EULER ? () -> euler(dt) : () -> rungeKutta(dt));
      Matrix f =
          outputs
              .reshape(model.outputs(), samples * ensemble.networks())
              .columnRange(first * samples, samples * count);
      multiply(model.outputScale(), v, (CudaMatrix) phi, (long) n * samples, 0, f);
    }

    private void euler(double dt) {
      multiply(dt * model.flowScale(), w, (CudaMatrix) phi, (long) n * samples, 1, h);
      backend.activate(model.activation(), h, phi, slope);
    }

    private void rungeKutta(double dt) {
      evaluate(0);
      backend.stage(model.activation(), h, List.of(new Term(dt / 2, k[0])), phi, slope);
      evaluate(1);
      backend.stage(model.activation(), h, List.of(new Term(dt / 2, k[1])), phi, slope);
      evaluate(2);
      backend.stage(model.activation(), h, List.of(new Term(dt, k[2])), phi, slope);
      evaluate(3);
      List<Term> sum =
          List.of(
              new Term(dt / 6, k[0]),
              new Term(dt / 3, k[1]),
              new Term(dt / 3, k[2]),
              new Term(dt / 6, k[3]));
      backend.step(model.activation(), h, sum, phi, slope);
    }

    private void evaluate(int stage) {
      multiply(model.flowScale(), w, (CudaMatrix) phi, (long) n * samples, 0, k[stage]);
    }

    /** result ← scale · parameter · factor + β result, for each network. */
    private void multiply(
        double scale,
        CudaMatrix parameter,
        CudaMatrix factor,
        long factorStride,
        double beta,
        Matrix result) {
      backend
          .products()
          .gemmStrided(
              Transpose.NO,
              Transpose.NO,
              scale,
              parameter,
              parameter.entries(),
              (CudaMatrix) factor.columnRange(0, samples),
              factorStride,
              beta,
              (CudaMatrix) result.columnRange(0, samples),
              (long) result.rows() * samples,
              count);
    }
  }
}
