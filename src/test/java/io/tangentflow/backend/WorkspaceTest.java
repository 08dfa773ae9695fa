package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.testing.BackendCase;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class WorkspaceTest {

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aMatrixBeyondTheBudgetIsRefusedByNameOfPlanAndBudget(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("the plan of a test", 1 << 20)) {
      workspace.allocate(128, 512, Precision.FP64);
      OutOfMemory refusal =
          assertThrows(OutOfMemory.class, () -> workspace.allocate(256, 512, Precision.FP64));
      assertTrue(refusal.getMessage().contains("the plan of a test"), refusal.getMessage());
      assertTrue(refusal.getMessage().contains("needs 1.5 MiB"), refusal.getMessage());
      assertTrue(refusal.getMessage().contains("budget is 1.0 MiB"), refusal.getMessage());
      assertEquals(1 << 19, workspace.remainingBytes());
      workspace.allocate(128, 512, Precision.FP64);
      assertEquals(0, workspace.remainingBytes());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void sizesBeyond64BitsAreRefusedAndNegativeOnesToo(BackendCase which) {
    int most = Integer.MAX_VALUE;
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", Long.MAX_VALUE)) {
      assertThrows(ArithmeticException.class, () -> workspace.allocate(most, most, Precision.FP64));
      assertThrows(IllegalArgumentException.class, () -> workspace.allocate(-1, 3));
      assertEquals(Long.MAX_VALUE, workspace.remainingBytes());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void whatTheBackendRefusesIsGivenBackAndNamed(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", Long.MAX_VALUE)) {
      OutOfMemory refusal =
          assertThrows(OutOfMemory.class, () -> workspace.allocate(1 << 20, 1 << 20));
      String said = refusal.getMessage();
      assertTrue(said.contains("1048576x1048576"), said);
      // No heap is large enough for it.
      assertEquals(backend.sharesHostMemory(), said.contains("of a Java array"), said);
      assertFalse(said.contains("-Xmx"), said);
      assertEquals(Long.MAX_VALUE, workspace.remainingBytes());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aScopeReturnsItsMemoryToTheSharedBudgetAndThePeakRemembers(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 8000)) {
      workspace.allocate(100, 1, Precision.FP64);
      for (int round = 0; round < 5; round++) {
        try (Workspace scope = workspace.scope()) {
          scope.allocate(100, 2, Precision.FP32);
          try (Workspace inner = scope.scope()) {
            inner.allocate(700, 1, Precision.FP64);
            assertEquals(800, workspace.remainingBytes());
            assertEquals(800, inner.remainingBytes());
          }
          assertEquals(6400, scope.remainingBytes());
        }
        assertEquals(7200, workspace.remainingBytes());
      }
      assertEquals(7200, workspace.peakBytes());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void matricesAndTheirViewsAreDeadOnceTheirScopeIsClosed(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 8000)) {
      Workspace scope = workspace.scope();
      Matrix matrix = scope.allocate(3, 4);
      Matrix view = matrix.columnRange(1, 2);
      scope.close();
      scope.close();
      assertEquals(8000, workspace.remainingBytes());
      assertThrows(IllegalStateException.class, () -> backend.download(matrix));
      assertThrows(IllegalStateException.class, () -> backend.download(view));
      assertThrows(IllegalStateException.class, () -> backend.syrk(view, workspace.allocate(2, 2)));
      assertThrows(IllegalStateException.class, () -> scope.allocate(1, 1));
    }
  }
}
