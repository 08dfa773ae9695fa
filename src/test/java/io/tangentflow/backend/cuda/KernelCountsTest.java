package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.DotProductSeries;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.CudaEmulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The bytes that every kernel reads and writes are those of {@code cuda-kernels/paper/counts.json},
 * from which its predictions are made. With {@code -Dkernel.counts=write} the file is written anew.
 */
@Tag("emulator")
class KernelCountsTest {

  private static final Path FILE = Path.of("cuda-kernels/paper/counts.json");

  /** Even sizes, so that vectors of any width are taken. */
  private static final int ROWS = 64;

  private static final int COLUMNS = 16;

  private final Map<String, Map<String, Long>> counts = new TreeMap<>();

  @Test
  void everyKernelMovesTheBytesThatPredictionsAreMadeFrom() throws IOException {
    for (Precision precision : List.of(Precision.FP32, Precision.FP64)) {
      try (Backend backend = Emulated.open(precision);
          Workspace workspace = backend.workspace("a test", 1 << 24)) {
        new Counter(backend, workspace, Kernels.suffix(precision)).all();
      }
    }
    ObjectMapper json = new ObjectMapper();
    if (System.getProperty("kernel.counts", "").equals("write")) {
      StringBuilder text = new StringBuilder("{\n");
      for (Map.Entry<String, Map<String, Long>> line : counts.entrySet()) {
        text.append(text.length() > 2 ? ",\n" : "").append("  \"").append(line.getKey());
        text.append("\": ").append(json.writeValueAsString(line.getValue()));
      }
      Files.writeString(FILE, text.append("\n}\n"));
    }
    Map<String, Map<String, Long>> kept =
        json.readValue(Files.readString(FILE), new TypeReference<>() {});
    assertEquals(new TreeMap<>(kept), counts);
  }

  /** Runs the operations of one precision, each on matrices of its own. */
  private final class Counter {
    private final Backend backend;
    private final Workspace workspace;
    private final String suffix;
    private final Matrix[] m = new Matrix[8];

    Counter(Backend backend, Workspace workspace, String suffix) {
      this.backend = backend;
      this.workspace = workspace;
      this.suffix = suffix;
      for (int i = 0; i < m.length; i++) {
        m[i] = Emulated.normal(ROWS, COLUMNS, i, workspace);
      }
    }

    void all() {
      for (StandardActivation phi : StandardActivation.values()) {
        forward(phi);
        ensemble(phi);
      }
      adjoint();
      linear();
      rest();
      twoTime();
    }

    private void forward(StandardActivation phi) {
      String name = "_" + phi.label() + suffix;
      count("activate" + name, ROWS * COLUMNS, () -> backend.activate(phi, m[0], m[1], m[2]));
      for (int t : new int[] {1, 4}) {
        List<Term> terms = terms(t);
        String of = name + " t=" + t;
        count("stage" + of, ROWS * COLUMNS, () -> backend.stage(phi, m[0], terms, m[1], m[2]));
        count("step" + of, ROWS * COLUMNS, () -> backend.step(phi, m[0], terms, m[1], m[2]));
      }
    }

    /** So many terms; matrices 4 … 7. */
    private List<Term> terms(int count) {
      return List.of(1, 2, 3, 4).subList(0, count).stream()
          .map(r -> new Term(0.1 * r, m[3 + r]))
          .toList();
    }

    private void adjoint() {
      for (int t : new int[] {0, 1, 3}) {
        List<Term> terms = terms(t);
        String of = suffix + " t=" + t;
        count(
            "adjoint_stage" + of,
            ROWS * COLUMNS,
            () -> backend.adjointStage(m[0], m[1], 2, m[2], terms, m[3]));
        count(
            "adjoint_step" + of,
            ROWS * COLUMNS,
            () -> backend.adjointStep(m[0], m[1], terms, m[2], 2, m[3]));
      }
    }

    private void linear() {
      for (Precision other : List.of(Precision.FP32, Precision.FP64)) {
        Matrix target = workspace.allocate(ROWS, COLUMNS, other);
        String of = suffix + Kernels.suffix(other);
        count("copy" + of, ROWS * COLUMNS, () -> backend.copy(m[0], target));
        count("add_scaled" + of, ROWS * COLUMNS, () -> backend.addScaled(2, m[0], target));
      }
      AdamStep adam = new AdamStep(0.1, 0.9, 0.999, 1e-8, 1);
      count("adam" + suffix, ROWS * COLUMNS, () -> backend.adam(adam, m[0], m[1], m[2], m[3]));
    }

    private void rest() {
      count("gaussian" + suffix, ROWS * COLUMNS, () -> backend.gaussian(m[1], 3, 1));
      Matrix square = workspace.allocate(COLUMNS, COLUMNS);
      // Products are not counted: the rest mirrors the entries below the diagonal.
      count("symmetrise" + suffix, COLUMNS * (COLUMNS - 1) / 2, () -> backend.syrk(m[0], square));
      int blocks = 4;
      Matrix k = workspace.allocate(ROWS, COLUMNS / blocks, Precision.FP64);
      count(
          "contract" + suffix + " B=4",
          ROWS * COLUMNS / blocks,
          () -> backend.contract(m[0], m[1], k));
      count("first_non_finite" + suffix, ROWS * COLUMNS, () -> backend.firstNonFinite(m[0]));
      Matrix right = Emulated.normal(40, COLUMNS, 9, workspace);
      DotProductSeries series =
          new DotProductSeries(
              DotProductSeries.Argument.CORRELATION, m[1].columnRange(0, 1), right);
      count(
          "dot_product_kernel" + suffix + " K=40",
          ROWS * COLUMNS,
          () -> backend.dotProductKernel(m[0], series, m[2]));
      // These are followed by a kernel that adds what each block has left.
      count("dot" + suffix, ROWS * COLUMNS, () -> backend.dot(m[0], m[1]));
      count(
          "softmax_cross_entropy" + suffix,
          ROWS * COLUMNS,
          () -> backend.softmaxCrossEntropy(m[0], m[1], m[2]));
      sum();
    }

    /** That of one part, which an inner product of single numbers leaves. */
    private void sum() {
      Matrix number = m[0].columnRange(0, 1).rowRange(0, 1);
      count("sum_f64", 1, () -> backend.dot(number, number));
      Map<String, Long> both = counts.get("sum_f64");
      both.merge("read", -2L * backend.precision().bytes(), Long::sum);
      both.merge("written", (long) -Double.BYTES, Long::sum);
    }

    /** Four networks of width 16 on one input of 4 numbers, by Euler's method in 3 steps. */
    private void ensemble(StandardActivation phi) {
      int networks = 4;
      Ensemble ensemble =
          new Ensemble(new NeuralOde(4, 16, phi), Ensemble.Method.EULER, 3, 1, networks);
      Matrix x = Emulated.normal(4, 1, 3, workspace);
      Matrix f = workspace.allocate(1, networks);
      count(
          "ensemble_" + phi.label() + suffix + " d=4 n=16 S=3",
          networks,
          () -> backend.ensemble(ensemble, x, f, workspace));
    }

    /** One iteration of each fixed point for one pair at 4 times, with 6 terms. */
    private void twoTime() {
      int times = 4;
      Matrix square = Emulated.normal(times, times, 1, workspace);
      Matrix coefficients = Emulated.normal(6, times + 1, 2, workspace);
      Matrix ones = Emulated.normal(times + 1, 1, 3, workspace);
      Matrix start = Emulated.normal(1, 1, 4, workspace);
      Matrix weights = Emulated.normal(times, 1, 5, workspace);
      Matrix result = workspace.allocate(3, 1);
      int[] input = {0};
      TwoTimeEquations equations =
          new TwoTimeEquations(
              TwoTimeEquations.Dual.HERMITE,
              square,
              square,
              weights,
              1e-3,
              1,
              1,
              coefficients,
              coefficients,
              ones,
              input,
              input,
              start);
      count(
          "two_time" + suffix + " M=4 K=6",
          1,
          () -> backend.twoTimeKernels(equations, result, workspace));
    }

    private void count(String name, long entries, Runnable operation) {
      Emulated.settle();
      operation.run();
      Emulated.await();
      counts.put(
          name,
          new TreeMap<>(
              Map.of(
                  "entries", entries,
                  "read", CudaEmulator.bytesRead(),
                  "written", CudaEmulator.bytesWritten())));
    }
  }
}
