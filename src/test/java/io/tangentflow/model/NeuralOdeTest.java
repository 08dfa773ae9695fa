package io.tangentflow.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class NeuralOdeTest {

  private static final Activation PHI = StandardActivation.SOFTPLUS;

  @Test
  void eachParameterOutsideItsDomainIsRefusedByItsName() {
    assertRefused("--input-dim", () -> new NeuralOde(0, 4, PHI));
    assertRefused("--width", () -> new NeuralOde(3, -1, PHI));
    assertRefused("--width", () -> new NeuralOde(3, 4, PHI).withWidth(0));
    assertRefused("--outputs", () -> new NeuralOde(3, 4, PHI).withOutputs(0));
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertRefused("--horizon", () -> new NeuralOde(3, 4, 1, bad, 1, 1, 1, PHI));
      assertRefused("--sigma-u", () -> new NeuralOde(3, 4, 1, 1, bad, 1, 1, PHI));
      assertRefused("--sigma-w", () -> new NeuralOde(3, 4, 1, 1, 1, bad, 1, PHI));
      assertRefused("--sigma-v", () -> new NeuralOde(3, 4, 1, 1, 1, 1, bad, PHI));
    }
    assertRefused("--horizon", () -> new NeuralOde(3, 4, 1, 0, 1, 1, 1, PHI));
  }

  @Test
  void scalesDivideByTheRootsOfTheirFanIn() {
    NeuralOde model = new NeuralOde(9, 16, 2, 1, 6, 8, 2, PHI);
    assertEquals(2, model.inputScale());
    assertEquals(2, model.flowScale());
    assertEquals(0.5, model.outputScale());
    assertEquals(1, model.withWidth(64).flowScale());
    assertEquals(new NeuralOde(9, 16, 5, 1, 6, 8, 2, PHI), model.withOutputs(5));
  }

  @Test
  void givenParametersOfWrongShapesAreRefusedWithAllTheShapes() {
    InvalidConfiguration refusal =
        assertRefused(
            "parameters", () -> new Parameters.Given(zeros(4, 3), zeros(4, 5), zeros(1, 4)));
    for (String shape : new String[] {"4x3", "4x5", "1x4"}) {
      assertTrue(refusal.getMessage().contains(shape), refusal.getMessage());
    }
    assertRefused("parameters", () -> new Parameters.Given(zeros(5, 3), zeros(4, 4), zeros(1, 4)));
    assertRefused("parameters", () -> new Parameters.Given(zeros(4, 3), zeros(4, 4), zeros(4, 1)));
  }

  @Test
  void matricesKnowTheirColumnMajorOrder() {
    DenseMatrix m = new DenseMatrix(2, 3, new double[] {1, 2, 3, 4, 5, 6});
    assertEquals(5, m.get(0, 2));
    assertEquals(2, m.transpose().get(0, 1));
    assertEquals(Math.sqrt(91), m.norm(), 1e-15);
    assertEquals(0, m.distance(m.transpose().transpose()));
    assertThrows(IllegalArgumentException.class, () -> new DenseMatrix(2, 2, new double[3]));
    assertThrows(IllegalArgumentException.class, () -> m.distance(m.transpose()));
    assertThrows(ArithmeticException.class, () -> DenseMatrix.zeros(1 << 16, 1 << 16));
    assertThrows(
        IllegalArgumentException.class, () -> DenseMatrix.ofRows(2, 2, i -> new double[i + 1]));
  }

  private static DenseMatrix zeros(int rows, int columns) {
    return DenseMatrix.zeros(rows, columns);
  }

  private static InvalidConfiguration assertRefused(String field, Executable wrong) {
    InvalidConfiguration refusal = assertThrows(InvalidConfiguration.class, wrong);
    assertTrue(refusal.getMessage().contains(field), refusal.getMessage());
    return refusal;
  }
}
