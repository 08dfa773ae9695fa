package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TableauTest {

  static List<Tableau> all() {
    return Tableau.ALL;
  }

  /** A rooted tree: its order, and the two sides of its condition. */
  private record Condition(int order, double sum, double value) {}

  /** The eight conditions of order four (Hairer, Nørsett and Wanner I, table II.2.2). */
  private static List<Condition> conditions(Tableau t) {
    double[] b = t.b();
    double[] c = t.c();
    int s = t.stages();
    double[] ac = new double[s];
    double[] ac2 = new double[s];
    double[] aac = new double[s];
    for (int i = 0; i < s; i++) {
      for (int j = 0; j < i; j++) {
        ac[i] += t.a()[i][j] * c[j];
        ac2[i] += t.a()[i][j] * c[j] * c[j];
        aac[i] += t.a()[i][j] * ac[j];
      }
    }
    double[] sums = new double[8];
    for (int i = 0; i < s; i++) {
      sums[0] += b[i];
      sums[1] += b[i] * c[i];
      sums[2] += b[i] * c[i] * c[i];
      sums[3] += b[i] * ac[i];
      sums[4] += b[i] * c[i] * c[i] * c[i];
      sums[5] += b[i] * c[i] * ac[i];
      sums[6] += b[i] * ac2[i];
      sums[7] += b[i] * aac[i];
    }
    int[] orders = {1, 2, 3, 3, 4, 4, 4, 4};
    double[] values = {1, 1 / 2.0, 1 / 3.0, 1 / 6.0, 1 / 4.0, 1 / 8.0, 1 / 12.0, 1 / 24.0};
    List<Condition> all = new ArrayList<>();
    for (int k = 0; k < 8; k++) {
      all.add(new Condition(orders[k], sums[k], values[k]));
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("all")
  void theConditionsOfItsOrderHoldAndOneOfTheNextFails(Tableau tableau) {
    boolean nextHolds = true;
    for (Condition condition : conditions(tableau)) {
      if (condition.order() <= tableau.order()) {
        assertEquals(condition.value(), condition.sum(), 1e-15);
      } else if (condition.order() == tableau.order() + 1) {
        nextHolds &= Math.abs(condition.sum() - condition.value()) < 1e-15;
      }
    }
    if (tableau.order() < 4) {
      assertFalse(nextHolds, "its order is higher than it says");
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void rowsAreStrictlyLowerAndSumToTheNodes(Tableau tableau) {
    assertEquals(tableau.stages(), tableau.a().length);
    assertEquals(tableau.stages(), tableau.c().length);
    for (int s = 0; s < tableau.stages(); s++) {
      double[] row = tableau.a()[s];
      assertEquals(s, row.length);
      double sum = 0;
      for (double entry : row) {
        sum += entry;
      }
      assertEquals(tableau.c()[s], sum, 1e-15);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void aMethodIsFoundByItsNameInAnyCase(Tableau tableau) {
    assertSame(tableau, Tableau.named(tableau.name()));
    assertSame(tableau, Tableau.named(tableau.name().toUpperCase(Locale.ROOT)));
  }

  @Test
  void wrongNamesAndDepthsAreRefused() {
    InvalidConfiguration refusal =
        assertThrows(InvalidConfiguration.class, () -> Tableau.named("rk5"));
    assertTrue(refusal.getMessage().contains("three-eighths"), refusal.getMessage());
    assertThrows(InvalidConfiguration.class, () -> new TimeGrid(Tableau.RK4, 0));
    assertThrows(InvalidConfiguration.class, () -> new TimeGrid(Tableau.RK4, Integer.MAX_VALUE));
    assertEquals(12, new TimeGrid(Tableau.RK4, 3).evaluations());
  }
}
