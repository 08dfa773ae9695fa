package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TableauTest {

  static List<Tableau> all() {
    return Tableau.ALL;
  }

  static List<Tableau> embedded() {
    return Tableau.ALL.stream().filter(Tableau::embedded).toList();
  }

  /** The trees of order 1 to 6: beyond the order of every method by one. */
  private static final List<List<Tree>> TREES = treesUpTo(6);

  /** No condition sums more than a hundred products of coefficients, none above 12. */
  private static final double ROUNDING = 1e-14;

  /**
   * A rooted tree, [τ₁ … τ_m]: the elementary differential F^(m)(F(τ₁), …, F(τ_m)) (Hairer, Nørsett
   * and Wanner I, section II.2).
   */
  private record Tree(List<Tree> branches) {

    /** Its vertices. */
    int order() {
      return 1 + branches.stream().mapToInt(Tree::order).sum();
    }

    /** γ: the order of the tree times those of all its subtrees. */
    double density() {
      return order() * branches.stream().mapToDouble(Tree::density).reduce(1, (x, y) -> x * y);
    }

    /** Φ_i(τ) = Π_m Σ_j a_ij Φ_j(τ_m). */
    double[] weights(double[][] a) {
      double[] product = new double[a.length];
      Arrays.fill(product, 1);
      for (Tree branch : branches) {
        double[] inner = branch.weights(a);
        for (int i = 0; i < a.length; i++) {
          product[i] *= dot(a[i], inner);
        }
      }
      return product;
    }
  }

  private static double dot(double[] row, double[] column) {
    double sum = 0;
    for (int j = 0; j < row.length; j++) {
      sum += row[j] * column[j];
    }
    return sum;
  }

  /** All rooted trees, list p − 1 holding those of order p. */
  private static List<List<Tree>> treesUpTo(int most) {
    List<List<Tree>> all = new ArrayList<>();
    List<Tree> smaller = new ArrayList<>();
    for (int order = 1; order <= most; order++) {
      List<Tree> trees = new ArrayList<>();
      plant(order - 1, smaller.size() - 1, smaller, List.of(), trees);
      all.add(trees);
      smaller.addAll(trees);
    }
    return all;
  }

  /**
   * Adds the trees with some branches and others of that many vertices in all.
   *
   * @param last the branches to come are none after that one, so that no tree is found twice
   */
  private static void plant(
      int vertices, int last, List<Tree> smaller, List<Tree> branches, List<Tree> trees) {
    if (vertices == 0) {
      trees.add(new Tree(branches));
      return;
    }
    for (int i = last; i >= 0; i--) {
      if (smaller.get(i).order() <= vertices) {
        List<Tree> more = new ArrayList<>(branches);
        more.add(smaller.get(i));
        plant(vertices - smaller.get(i).order(), i, smaller, more, trees);
      }
    }
  }

  @Test
  void thereAreAsManyTreesAsCayleyCounted() {
    assertEquals(List.of(1, 1, 2, 4, 9, 20), TREES.stream().map(List::size).toList());
  }

  @ParameterizedTest
  @MethodSource("all")
  void theConditionsOfItsOrderHoldAndOneOfTheNextFails(Tableau tableau) {
    double next = 0;
    for (int order = 1; order <= tableau.order() + 1; order++) {
      for (Tree tree : TREES.get(order - 1)) {
        double sum = dot(tableau.b(), tree.weights(tableau.a()));
        if (order <= tableau.order()) {
          assertEquals(1 / tree.density(), sum, ROUNDING, tree.toString());
        } else {
          next = Math.max(next, Math.abs(sum - 1 / tree.density()));
        }
      }
    }
    assertTrue(next > 1e-4, "its order is higher than it says: " + next);
  }

  @ParameterizedTest
  @MethodSource("embedded")
  void theErrorEstimateIsOfTheOrderOfTheMethodAndNoHigher(Tableau tableau) {
    int stages = tableau.stages();
    double[][] a = Arrays.copyOf(tableau.a(), stages + 1);
    a[stages] = tableau.b(); // The last stage is F(h⁺).
    assertEquals(stages + 1, tableau.errorWeights().length);
    double leading = 0;
    for (int order = 1; order <= tableau.order(); order++) {
      for (Tree tree : TREES.get(order - 1)) {
        double sum = dot(tableau.errorWeights(), tree.weights(a));
        if (order < tableau.order()) {
          assertEquals(0, sum, ROUNDING, tree.toString());
        } else {
          leading = Math.max(leading, Math.abs(sum));
        }
      }
    }
    assertTrue(leading > 1e-4, "it estimates an error of higher order: " + leading);
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
