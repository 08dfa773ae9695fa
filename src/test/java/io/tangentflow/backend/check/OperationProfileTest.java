package io.tangentflow.backend.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.BackendCase;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OperationProfileTest {

  private static final BackendCase SCALAR = new BackendCase("cpu-scalar", Precision.FP64, 1);

  private static Map<String, Long> calls(OperationProfile profile) {
    return profile.entries().stream()
        .collect(Collectors.toMap(OperationProfile.Entry::name, OperationProfile.Entry::calls));
  }

  @Test
  void everyCallIsDoneCountedAndWaitedFor() {
    try (Backend backend = SCALAR.open()) {
      AtomicInteger waits = new AtomicInteger();
      OperationProfile profile = new OperationProfile(backend, waits::incrementAndGet);
      try (Workspace workspace = profile.profiled().workspace("a test", 1 << 20)) {
        Matrix a = workspace.upload(new DenseMatrix(1, 2, new double[] {2, 3}));
        Matrix c = workspace.allocate(2, 2);
        for (int i = 0; i < 3; i++) {
          workspace.backend().gemm(Transpose.YES, Transpose.NO, 1, a, a, 1, c);
        }
        // Three times the products of 2 and 3 with themselves: 12, 18, 18, 27.
        assertEquals(144 + 2 * 324 + 729, workspace.backend().dot(c, c));
        assertEquals(18, workspace.backend().download(c).get(0, 1));
        Map<String, Long> calls = calls(profile);
        assertEquals(Map.of("upload", 1L, "gemm", 3L, "dot", 1L, "download", 1L), known(calls));
        assertEquals(waits.get(), calls.values().stream().mapToLong(Long::longValue).sum());
        profile.clear();
        assertTrue(profile.entries().isEmpty());
      }
    }
  }

  /** Without what a workspace asks for. */
  private static Map<String, Long> known(Map<String, Long> calls) {
    return calls.entrySet().stream()
        .filter(e -> !e.getKey().equals("allocate") && !e.getKey().equals("precision"))
        .filter(e -> !e.getKey().equals("sharesHostMemory"))
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  @Test
  void longestComeFirstAndFailuresComeThrough() {
    try (Backend backend = SCALAR.open()) {
      OperationProfile profile = new OperationProfile(backend, () -> {});
      Backend profiled = profile.profiled();
      try (Workspace workspace = profiled.workspace("a test", 1 << 20)) {
        Matrix a = workspace.allocate(100, 100);
        profiled.gaussian(a, 1, 0);
        profiled.gemm(Transpose.NO, Transpose.NO, 1, a, a, 0, workspace.allocate(100, 100));
        double last = Double.POSITIVE_INFINITY;
        for (OperationProfile.Entry entry : profile.entries()) {
          assertTrue(entry.seconds() <= last);
          last = entry.seconds();
        }
        assertThrows(OutOfMemory.class, () -> workspace.allocate(1000, 1000));
        Matrix b = workspace.allocate(2, 3);
        assertThrows(
            IllegalArgumentException.class,
            () -> profiled.gemm(Transpose.NO, Transpose.NO, 1, a, b, 0, a));
      }
    }
  }
}
