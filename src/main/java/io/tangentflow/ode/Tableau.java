package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The coefficients of an explicit Runge–Kutta method, k_s = F(h + Δ Σ_{r&lt;s} a_sr k_r), h⁺ = h +
 * Δ Σ b_s k_s (Butcher 1964).
 *
 * @param name what {@code --solver} takes
 * @param order of convergence
 * @param a strictly lower triangular, row s of length s
 * @param b weights of the stages
 * @param c nodes of the stages; c_s = Σ_r a_sr
 */
@SuppressWarnings("ArrayRecordComponent") // Tableaux are constants, told apart by name.
public record Tableau(String name, int order, double[][] a, double[] b, double[] c) {

  /** h⁺ = h + Δ F(h): its network is the residual network of that depth. */
  public static final Tableau EULER =
      new Tableau("euler", 1, new double[][] {{}}, new double[] {1}, new double[] {0});

  /** The explicit midpoint rule. */
  public static final Tableau MIDPOINT =
      new Tableau(
          "midpoint",
          2,
          new double[][] {{}, {1.0 / 2}},
          new double[] {0, 1},
          new double[] {0, 1.0 / 2});

  /** Heun's method, the explicit trapezoidal rule. */
  public static final Tableau HEUN =
      new Tableau(
          "heun",
          2,
          new double[][] {{}, {1}},
          new double[] {1.0 / 2, 1.0 / 2},
          new double[] {0, 1});

  /** The classical method (Kutta 1901). */
  public static final Tableau RK4 =
      new Tableau(
          "rk4",
          4,
          new double[][] {{}, {1.0 / 2}, {0, 1.0 / 2}, {0, 0, 1}},
          new double[] {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6},
          new double[] {0, 1.0 / 2, 1.0 / 2, 1});

  /** Kutta's other method of order four, the 3/8 rule. */
  public static final Tableau THREE_EIGHTHS =
      new Tableau(
          "three-eighths",
          4,
          new double[][] {{}, {1.0 / 3}, {-1.0 / 3, 1}, {1, -1, 1}},
          new double[] {1.0 / 8, 3.0 / 8, 3.0 / 8, 1.0 / 8},
          new double[] {0, 1.0 / 3, 2.0 / 3, 1});

  /** Every method, by rising order. */
  public static final List<Tableau> ALL = List.of(EULER, MIDPOINT, HEUN, RK4, THREE_EIGHTHS);

  /** The method of that name. */
  public static Tableau named(String name) {
    return ALL.stream()
        .filter(t -> t.name.equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidConfiguration(
                    "--solver",
                    "there is no solver '"
                        + name
                        + "'; known are "
                        + ALL.stream().map(Tableau::name).collect(Collectors.joining(", "))));
  }

  /** S, the number of stages. */
  public int stages() {
    return b.length;
  }

  @Override
  public String toString() {
    return name;
  }
}
