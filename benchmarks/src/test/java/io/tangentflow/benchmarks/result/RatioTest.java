package io.tangentflow.benchmarks.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RatioTest {

  /** Of logarithms, exponentials and the quantile's inversion. */
  private static final double ROUNDING = 1e-7;

  @Test
  void twoForksEachAgreeWithTheClosedFormOfTwoDegreesOfFreedom() {
    // Variances 2δ² of both sides give a standard error of √2 δ and ν = 2, whose quantile is
    // (2p − 1) √(2/(4p(1 − p))).
    double delta = 0.02;
    double quantile = 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025));
    double half = quantile * Math.sqrt(2) * delta;
    Ratio ratio =
        Ratio.of(
            List.of(List.of(Math.exp(-delta)), List.of(Math.exp(delta))),
            List.of(List.of(1.5 * Math.exp(delta)), List.of(1.5 * Math.exp(-delta))));
    assertEquals(1.5, ratio.value(), ROUNDING);
    assertEquals(1.5 * Math.exp(-half), ratio.lower(), ROUNDING);
    assertEquals(1.5 * Math.exp(half), ratio.upper(), ROUNDING);
    assertEquals(Ratio.Verdict.SLOWER, ratio.verdict());
    assertTrue(ratio.acrossForks());
  }

  @Test
  void threeForksEachAgreeWithTheClosedFormOfFourDegreesOfFreedom() {
    // Variances δ² of both sides give a standard error of √(2/3) δ and ν = 4, whose quantile is
    // 2 √(cos(arccos(√α)/3)/√α − 1) with α = 4p(1 − p).
    double delta = 0.1;
    double root = Math.sqrt(4 * 0.975 * 0.025);
    double quantile = 2 * Math.sqrt(Math.cos(Math.acos(root) / 3) / root - 1);
    double half = quantile * Math.sqrt(2.0 / 3) * delta;
    Ratio ratio = Ratio.of(threeForks(2, delta), threeForks(1.6, delta));
    assertEquals(0.8, ratio.value(), ROUNDING);
    assertEquals(0.8 * Math.exp(-half), ratio.lower(), ROUNDING);
    assertEquals(0.8 * Math.exp(half), ratio.upper(), ROUNDING);
  }

  private static List<List<Double>> threeForks(double centre, double delta) {
    return List.of(
        List.of(centre * Math.exp(-delta)), List.of(centre), List.of(centre * Math.exp(delta)));
  }

  @Test
  void oneSideWithoutSpreadLeavesTheDegreesOfFreedomOfTheOther() {
    // ν = 3 − 1 = 2 with s² = δ², m = 3.
    double delta = 0.05;
    double half = 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025)) * delta / Math.sqrt(3);
    Ratio ratio = Ratio.of(threeForks(1, delta), List.of(List.of(0.5), List.of(0.5), List.of(0.5)));
    assertEquals(0.5, ratio.value(), ROUNDING);
    assertEquals(0.5 * Math.exp(half), ratio.upper(), ROUNDING);
    assertEquals(Ratio.Verdict.FASTER, ratio.verdict());
  }

  @Test
  void aForkCountsByTheMeanOfItsIterations() {
    List<List<Double>> iterations = List.of(List.of(1.0, 3.0), List.of(4.0, 2.0, 3.0));
    List<List<Double>> means = List.of(List.of(2.0), List.of(3.0));
    List<List<Double>> others = List.of(List.of(5.0), List.of(6.0));
    assertEquals(Ratio.of(means, others), Ratio.of(iterations, others));
  }

  @Test
  void exchangedRunsHaveReciprocalIntervals() {
    List<List<Double>> one = List.of(List.of(1.0), List.of(1.1), List.of(1.3));
    List<List<Double>> other = List.of(List.of(2.0), List.of(2.7));
    Ratio ratio = Ratio.of(one, other);
    Ratio exchanged = Ratio.of(other, one);
    assertEquals(1, ratio.value() * exchanged.value(), ROUNDING);
    assertEquals(1, ratio.lower() * exchanged.upper(), ROUNDING);
    assertEquals(1, ratio.upper() * exchanged.lower(), ROUNDING);
  }

  @Test
  void timesWithoutSpreadGiveAPoint() {
    List<List<Double>> one = List.of(List.of(2.0), List.of(2.0));
    List<List<Double>> other = List.of(List.of(3.0), List.of(3.0));
    Ratio ratio = Ratio.of(one, other);
    assertEquals(1.5, ratio.lower(), ROUNDING);
    assertEquals(1.5, ratio.upper(), ROUNDING);
    assertEquals(Ratio.Verdict.NOT_TOLD, Ratio.of(one, one).verdict());
  }

  @Test
  void aSingleForkIsComparedByIterations() {
    double delta = 0.02;
    double half = 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025)) * Math.sqrt(2) * delta;
    Ratio ratio =
        Ratio.of(
            List.of(List.of(Math.exp(-delta), Math.exp(delta))),
            List.of(List.of(Math.exp(delta), Math.exp(-delta))));
    assertFalse(ratio.acrossForks());
    assertEquals(Math.exp(half), ratio.upper(), ROUNDING);
    assertEquals(Ratio.Verdict.NOT_TOLD, ratio.verdict());
    assertThrows(
        IllegalArgumentException.class,
        () -> Ratio.of(List.of(List.of(1.0)), List.of(List.of(1.0, 2.0))));
  }

  /**
   * Forks that differ by some percent and iterations by one: 19 of 20 intervals hold the truth,
   * within four standard deviations of as many draws, and a percent for Welch's approximation.
   */
  @Test
  void nineteenOfTwentyIntervalsHoldTheTrueRatio() {
    Random random = new Random(1);
    int draws = 4000;
    int hits = 0;
    for (int draw = 0; draw < draws; draw++) {
      Ratio ratio = Ratio.of(run(random, 1, 0.02, 5), run(random, 1.1, 0.05, 4));
      hits += ratio.lower() <= 1.1 && 1.1 <= ratio.upper() ? 1 : 0;
    }
    double deviation = Math.sqrt(0.95 * 0.05 / draws);
    assertEquals(0.95, hits / (double) draws, 4 * deviation + 0.01);
  }

  private static List<List<Double>> run(Random random, double time, double spread, int forks) {
    List<List<Double>> run = new ArrayList<>();
    for (int fork = 0; fork < forks; fork++) {
      double ofFork = time * Math.exp(spread * random.nextGaussian());
      List<Double> iterations = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        iterations.add(ofFork * Math.exp(0.01 * random.nextGaussian()));
      }
      run.add(iterations);
    }
    return run;
  }
}
