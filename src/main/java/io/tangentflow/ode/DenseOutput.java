package io.tangentflow.ode;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import java.util.ArrayList;
import java.util.List;

/**
 * A solution between its steps: the polynomial that agrees with h and dh/dt at two or three
 * neighbouring nodes (Hermite). Its error is of order Δ⁴ with two nodes and Δ⁶ with three, so that
 * three keep the order of every method here.
 */
public final class DenseOutput {

  private DenseOutput() {}

  /**
   * A node of a solution.
   *
   * @param t the time
   * @param h n×N
   * @param slope dh/dt, n×N
   */
  public record Node(double t, Matrix h, Matrix slope) {}

  /** h(t) as h of the first node plus a combination of all that the nodes hold. */
  public static List<Term> increments(List<Node> nodes, double t) {
    List<Term> terms = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      double ti = nodes.get(i).t();
      double lagrange = 1;
      double slope = 0;
      for (int j = 0; j < nodes.size(); j++) {
        if (j != i) {
          double tj = nodes.get(j).t();
          lagrange *= (t - tj) / (ti - tj);
          slope += 1 / (ti - tj);
        }
      }
      double square = lagrange * lagrange;
      double value = (1 - 2 * slope * (t - ti)) * square;
      add(terms, i == 0 ? value - 1 : value, nodes.get(i).h());
      add(terms, (t - ti) * square, nodes.get(i).slope());
    }
    return terms;
  }

  private static void add(List<Term> terms, double weight, Matrix matrix) {
    if (weight != 0) {
      terms.add(new Term(weight, matrix));
    }
  }
}
