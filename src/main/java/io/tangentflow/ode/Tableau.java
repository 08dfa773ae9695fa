package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.List;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The coefficients of an explicit Runge–Kutta method, k_s = F(h + Δ Σ_{r&lt;s} a_sr k_r), h⁺ = h +
 * Δ Σ b_s k_s (Butcher 1964).
 *
 * @param name what {@code --solver} takes
 * @param order of convergence
 * @param a strictly lower triangular, row s of length s
 * @param b weights of the stages
 * @param c nodes of the stages; c_s = Σ_r a_sr
 * @param errorWeights e with the error estimate Δ Σ e_s k_s of a solution of order one less, where
 *     k_(S+1) = F(h⁺) is the first stage of the next step; empty if the method has none
 */
@API(status = Status.STABLE, since = "0.1")
@SuppressWarnings("ArrayRecordComponent") // Tableaux are constants, told apart by name.
public record Tableau(
    String name, int order, double[][] a, double[] b, double[] c, double[] errorWeights) {

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

  /** Bogacki and Shampine's 3(2) pair (1989), whose steps can be chosen by its error estimate. */
  public static final Tableau BOGACKI_SHAMPINE =
      new Tableau(
          "bogacki-shampine",
          3,
          new double[][] {{}, {1.0 / 2}, {0, 3.0 / 4}},
          new double[] {2.0 / 9, 1.0 / 3, 4.0 / 9},
          new double[] {0, 1.0 / 2, 3.0 / 4},
          new double[] {-5.0 / 72, 1.0 / 12, 1.0 / 9, -1.0 / 8});

  /** Butcher's method of order five in six stages (1964). */
  public static final Tableau BUTCHER5 =
      new Tableau(
          "butcher5",
          5,
          new double[][] {
            {},
            {1.0 / 4},
            {1.0 / 8, 1.0 / 8},
            {0, -1.0 / 2, 1},
            {3.0 / 16, 0, 0, 9.0 / 16},
            {-3.0 / 7, 2.0 / 7, 12.0 / 7, -12.0 / 7, 8.0 / 7}
          },
          new double[] {7.0 / 90, 0, 32.0 / 90, 12.0 / 90, 32.0 / 90, 7.0 / 90},
          new double[] {0, 1.0 / 4, 1.0 / 4, 1.0 / 2, 3.0 / 4, 1});

  /** Dormand and Prince's 5(4) pair (1980), whose steps can be chosen by its error estimate. */
  public static final Tableau DORMAND_PRINCE =
      new Tableau(
          "dormand-prince",
          5,
          new double[][] {
            {},
            {1.0 / 5},
            {3.0 / 40, 9.0 / 40},
            {44.0 / 45, -56.0 / 15, 32.0 / 9},
            {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
            {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656}
          },
          new double[] {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
          new double[] {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1},
          new double[] {
            71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40
          });

  /** Every method, by rising order. */
  public static final List<Tableau> ALL =
      List.of(
          EULER, MIDPOINT, HEUN, BOGACKI_SHAMPINE, RK4, THREE_EIGHTHS, BUTCHER5, DORMAND_PRINCE);

  /** A method without an error estimate. */
  Tableau(String name, int order, double[][] a, double[] b, double[] c) {
    this(name, order, a, b, c, new double[0]);
  }

  /**
   * The method of that name.
   *
   * @param name as {@code --solver} takes it
   * @return that method
   * @throws InvalidConfiguration if there is none
   */
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
                        + ALL.stream().map(Tableau::name).collect(Collectors.joining(", "))
                        + (name.contains("/")
                            ? "; steps or a tolerance beside it go with --gradient or --method, as"
                                + " discrete:dormand-prince/1e-6"
                            : "")));
  }

  /** {@return whether it estimates its error, so that steps can be chosen by a tolerance} */
  public boolean embedded() {
    return errorWeights.length > 0;
  }

  /** {@return S, the number of stages} */
  public int stages() {
    return b.length;
  }

  @Override
  public String toString() {
    return name;
  }
}
