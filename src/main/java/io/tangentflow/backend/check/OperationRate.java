package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import java.util.ArrayList;
import java.util.List;

/**
 * How fast an operation is.
 *
 * @param name for people
 * @param seconds of one call, the least of several measurements
 * @param bytes that it has to move to and from memory
 * @param flops that it has to do; those of transcendental functions are not counted
 */
public record OperationRate(String name, double seconds, double bytes, double flops) {

  private static final int MEASUREMENTS = 5;

  /** A measurement lasts at least so long, far above the resolution of the clock and a launch. */
  private static final double SHORTEST_SECONDS = 0.02;

  /** Of the memory, what the operands of the largest operation take. */
  private static final double SHARE_OF_MEMORY = 0.2;

  /** Of matrices: enough to fill a device, and to leave a processor's caches. */
  private static final int LARGEST_WIDTH_OF_DEVICE = 4096;

  private static final int LARGEST_WIDTH_OF_HOST = 2048;

  public double gigabytesPerSecond() {
    return bytes / seconds * 1e-9;
  }

  public double gigaflops() {
    return flops / seconds * 1e-9;
  }

  /** Times every hot operation on matrices n×n of the largest useful n that fits. */
  public static List<OperationRate> measure(Backend backend, long budgetBytes) {
    int number = backend.precision().bytes();
    int largest = backend.sharesHostMemory() ? LARGEST_WIDTH_OF_HOST : LARGEST_WIDTH_OF_DEVICE;
    double share = SHARE_OF_MEMORY * budgetBytes / number / 8;
    int n = (int) Math.min(largest, Math.sqrt(share)) / 64 * 64;
    List<OperationRate> rates = new ArrayList<>();
    try (Workspace workspace = backend.workspace("the rates of operations", budgetBytes)) {
      Matrix[] m = new Matrix[6];
      for (int i = 0; i < m.length; i++) {
        m[i] = workspace.allocate(n, n);
        backend.gaussian(m[i], 1, i);
      }
      double entries = (double) n * n;
      double matrix = entries * number;
      Timer timer = new Timer(backend, m[5], rates);
      Transpose no = Transpose.NO;
      timer.time(
          "gemm " + n,
          3 * matrix,
          2 * entries * n,
          () -> backend.gemm(no, no, 1e-3, m[0], m[1], 0, m[2]));
      Matrix thin = m[1].columnRange(0, Math.min(n, 128));
      Matrix result = m[2].columnRange(0, thin.columns());
      timer.time(
          "gemm " + n + "×" + thin.columns(),
          matrix * (1 + 2.0 * thin.columns() / n),
          2 * entries * thin.columns(),
          () -> backend.gemm(no, no, 1e-3, m[0], thin, 0, result));
      timer.time("syrk " + n, 2 * matrix, entries * n, () -> backend.syrk(m[0], m[2]));
      for (StandardActivation phi : StandardActivation.values()) {
        timer.time(
            "activate " + phi.label(),
            3 * matrix,
            0,
            () -> backend.activate(phi, m[0], m[1], m[2]));
      }
      StandardActivation phi = StandardActivation.SOFTPLUS;
      List<Term> terms = List.of(new Term(1e-3, m[3]), new Term(1e-3, m[4]), new Term(1e-3, m[5]));
      timer.time(
          "stage, 3 terms",
          6 * matrix,
          6 * entries,
          () -> backend.stage(phi, m[0], terms, m[1], m[2]));
      timer.time(
          "step, 3 terms",
          7 * matrix,
          6 * entries,
          () -> backend.step(phi, m[0], terms, m[1], m[2]));
      List<Term> one = List.of(new Term(1e-3, m[5]));
      timer.time(
          "adjointStage, 1 term",
          6 * matrix,
          4 * entries,
          () -> backend.adjointStage(m[0], m[1], 1e-3, m[2], one, m[3]));
      timer.time(
          "adjointStep, 1 term",
          6 * matrix,
          5 * entries,
          () -> backend.adjointStep(m[0], m[1], one, m[2], 1e-3, m[3]));
      Matrix k = workspace.allocate(n / 4, n / 4, Precision.FP64);
      int block = n / 4;
      Matrix p = m[0].reshape(block, 4 * n).columnRange(0, 4 * block);
      Matrix r = m[1].reshape(block, 4 * n).columnRange(0, 4 * block);
      timer.time(
          "contract, 4 blocks",
          (8.0 * number + 16) * block * block,
          8.0 * block * block,
          () -> backend.contract(p, r, k));
      timer.time("gaussian", matrix, 0, () -> backend.gaussian(m[1], 1, 1));
      timer.time("copy", 2 * matrix, 0, () -> backend.copy(m[0], m[1]));
      timer.time("addScaled", 3 * matrix, 2 * entries, () -> backend.addScaled(1e-9, m[0], m[1]));
      timer.time("dot", 2 * matrix, 2 * entries, () -> backend.dot(m[0], m[1]));
      Ensemble ensemble =
          new Ensemble(new NeuralOde(64, 128, phi), Ensemble.Method.RK4, 10, 1, 1024);
      Matrix x = workspace.allocate(64, 1);
      Matrix f = workspace.allocate(1, 1024);
      backend.upload(Parameters.gaussian(64, 1, 1, 0), x);
      double weights = 128.0 * (128 + 64 + 1);
      timer.time(
          "ensemble, 1024 networks of width 128",
          1024 * weights * number,
          1024 * 2 * 128.0 * (64 + 40 * 128 + 1),
          () -> backend.ensemble(ensemble, x, f, workspace));
    }
    return rates;
  }

  /** Times calls that return before their work is done. */
  private record Timer(Backend backend, Matrix any, List<OperationRate> rates) {

    void time(String name, double bytes, double flops, Runnable operation) {
      operation.run();
      int calls = 1;
      double seconds = seconds(operation, calls);
      while (seconds < SHORTEST_SECONDS) {
        calls *= 4;
        seconds = seconds(operation, calls);
      }
      double least = seconds;
      for (int i = 1; i < MEASUREMENTS; i++) {
        least = Math.min(least, seconds(operation, calls));
      }
      rates.add(new OperationRate(name, least / calls, bytes, flops));
    }

    private double seconds(Runnable operation, int calls) {
      await();
      long start = System.nanoTime();
      for (int i = 0; i < calls; i++) {
        operation.run();
      }
      await();
      return (System.nanoTime() - start) * 1e-9;
    }

    /** An answer comes when all that was enqueued before has run. */
    private void await() {
      Matrix entry = any.columnRange(0, 1).rowRange(0, 1);
      backend.dot(entry, entry);
    }
  }
}
