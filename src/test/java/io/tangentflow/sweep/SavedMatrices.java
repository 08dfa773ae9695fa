package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.ElementType;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Assertions;

/** What a run would have after a step: a function of the step alone. */
final class SavedMatrices {

  private SavedMatrices() {}

  static RunDirectory run(Path path) {
    return RunDirectory.create(
        path,
        new Manifest(
            "descent",
            "descend",
            "2026-01-01T00:00:00Z",
            "0",
            "17",
            "here",
            "a device",
            MemoryBudget.shared(1 << 28),
            JsonNodeFactory.instance.objectNode(),
            List.of()));
  }

  static ObjectNode state(long step) {
    ObjectNode state = JsonNodeFactory.instance.objectNode();
    state.put("loss", new Random(~step).nextGaussian()).put("lines", step);
    return state;
  }

  /** U (n×3), W (n×n), V (2×n), among their entries the least, the greatest and both zeros. */
  static Map<String, DenseMatrix> matrices(long step, int n, ElementType type) {
    Random random = new Random(step);
    Map<String, DenseMatrix> matrices = new LinkedHashMap<>();
    matrices.put("U", gaussian(random, n, 3, type));
    DenseMatrix w = gaussian(random, n, n, type);
    w.values()[0] = -0.0;
    w.values()[1] = 0;
    w.values()[2] = type == ElementType.FP32 ? Float.MIN_VALUE : Double.MIN_VALUE;
    w.values()[3] = type == ElementType.FP32 ? -Float.MAX_VALUE : -Double.MAX_VALUE;
    matrices.put("W", w);
    matrices.put("V", gaussian(random, 2, n, type));
    return matrices;
  }

  private static DenseMatrix gaussian(Random random, int rows, int columns, ElementType type) {
    DenseMatrix matrix = DenseMatrix.zeros(rows, columns);
    for (int k = 0; k < matrix.values().length; k++) {
      double value = random.nextGaussian();
      matrix.values()[k] = type == ElementType.FP32 ? (float) value : value;
    }
    return matrix;
  }

  static void save(Checkpoints checkpoints, long step, int n, ElementType type) {
    checkpoints.save(step, state(step), matrices(step, n, type), type);
  }

  /** Bit by bit, zeros with their signs. */
  static void assertWhole(Checkpoint checkpoint, int n, ElementType type) {
    long step = checkpoint.step();
    Assertions.assertEquals(state(step).toString(), checkpoint.state().toString());
    Map<String, DenseMatrix> expected = matrices(step, n, type);
    Assertions.assertEquals(List.copyOf(expected.keySet()), List.copyOf(checkpoint.names()));
    expected.forEach(
        (name, matrix) -> {
          DenseMatrix read = checkpoint.matrix(name);
          Assertions.assertEquals(matrix.rows(), read.rows(), name);
          Assertions.assertEquals(matrix.columns(), read.columns(), name);
          // Compares as Double.equals does: −0 is not 0.
          Assertions.assertArrayEquals(matrix.values(), read.values(), name);
        });
  }
}
