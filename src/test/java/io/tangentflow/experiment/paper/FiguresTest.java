package io.tangentflow.experiment.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.experiment.paper.Verdict.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What figures make of numbers of which it is known what they are to say. */
class FiguresTest {

  static Stream<Arguments> figures() {
    return PaperFigures.names().stream()
        .flatMap(name -> Stream.of(PaperScale.values()).map(scale -> Arguments.of(name, scale)));
  }

  private static Reproduction reproduction(String figure, PaperScale scale) {
    return new Reproduction(List.of(figure), scale, null, 0, "cpu-vector", 1);
  }

  private static Findings findings(String name, PaperScale scale, boolean asClaimed) {
    PaperFigure figure = PaperFigures.named(name);
    Reproduction reproduction = reproduction(name, scale);
    return figure.findings(
        reproduction, new FabricatedWorld(asClaimed).results(figure, reproduction));
  }

  /** No verdict is foregone: each can come out both ways. */
  @ParameterizedTest
  @MethodSource("figures")
  void everyVerdictIsThatOfItsNumbers(String name, PaperScale scale) {
    Findings claimed = findings(name, scale, true);
    Findings otherwise = findings(name, scale, false);
    assertFalse(claimed.verdicts().isEmpty());
    assertEquals(claimed.verdicts().size(), otherwise.verdicts().size());
    for (int k = 0; k < claimed.verdicts().size(); k++) {
      Verdict verdict = claimed.verdicts().get(k);
      assertEquals(Outcome.AGREES, verdict.outcome(), verdict.toString());
      assertEquals(verdict.claim(), otherwise.verdicts().get(k).claim());
      assertEquals(
          Outcome.DISAGREES,
          otherwise.verdicts().get(k).outcome(),
          otherwise.verdicts().get(k).toString());
    }
  }

  /**
   * The interval of 6a by leaving out one sample after another, over the pairs of a matrix; what
   * takes all pairs as independent has 1/√(pairs − 3) for z.
   */
  @Test
  void correlationOverPairsIsAsUncertainAsItsSamplesAreFew() {
    PaperFigure figure = PaperFigures.named("fig6");
    Reproduction reproduction = reproduction("fig6", PaperScale.SMOKE);
    CovarianceTask few =
        figure.tasks(reproduction).stream()
            .filter(task -> task instanceof CovarianceTask t && t.entries())
            .map(CovarianceTask.class::cast)
            .findFirst()
            .orElseThrow();
    int n = few.data().samples();
    Random random = new Random(4);
    double[] scale = random.doubles(n).toArray();
    double[][] in = new double[n][n];
    double[][] out = new double[n][n];
    List<Double> inputs = new ArrayList<>();
    List<Double> outputs = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        in[i][j] = random.nextGaussian();
        out[i][j] = in[i][j] + scale[i] + scale[j];
        inputs.add(in[i][j]);
        outputs.add(out[i][j]);
      }
    }
    Map<String, List<Double>> numbers = new HashMap<>(new FabricatedWorld(true).numbers(few));
    numbers.put(CovarianceTask.INPUTS, inputs);
    numbers.put(CovarianceTask.OUTPUTS, outputs);
    Results results = new FabricatedWorld(true).results(figure, reproduction);
    results.add(TaskLine.of(few, numbers, 1, SmallLaboratory.HERE));
    double whole = z(in, out, -1);
    double[] without = new double[n];
    Arrays.setAll(without, left -> z(in, out, left));
    double mean = Arrays.stream(without).average().orElseThrow();
    double squares = Arrays.stream(without).map(v -> (v - mean) * (v - mean)).sum();
    // t(0.975) of 9 degrees of freedom, which tables have to three decimals.
    double half = 2.262 * Math.sqrt((n - 1.0) / n * squares);
    assertEquals(10, n);
    Estimate estimate = figure.findings(reproduction, results).verdicts().get(0).number();
    assertEquals(Math.tanh(whole), estimate.value(), 1e-12);
    assertEquals(Math.tanh(whole - half), estimate.low(), 1e-3 * half);
    assertEquals(Math.tanh(whole + half), estimate.high(), 1e-3 * half);
  }

  /** atanh of the correlation of the entries above the diagonals, without one row and column. */
  private static double z(double[][] a, double[][] b, int left) {
    double[] sums = new double[6];
    for (int i = 0; i < a.length; i++) {
      for (int j = i + 1; j < a.length; j++) {
        if (i != left && j != left) {
          double[] terms = {
            1, a[i][j], b[i][j], a[i][j] * a[i][j], b[i][j] * b[i][j], a[i][j] * b[i][j]
          };
          Arrays.setAll(sums, k -> sums[k] + terms[k]);
        }
      }
    }
    double ab = sums[5] - sums[1] * sums[2] / sums[0];
    double aa = sums[3] - sums[1] * sums[1] / sums[0];
    double bb = sums[4] - sums[2] * sums[2] / sums[0];
    double r = ab / Math.sqrt(aa * bb);
    return 0.5 * Math.log((1 + r) / (1 - r));
  }

  /** Names of files follow from those of panels. */
  @ParameterizedTest
  @MethodSource("figures")
  void everyPanelCanBeDrawnUnderANameOfItsOwn(String name, PaperScale scale) {
    Set<String> names = new HashSet<>();
    for (Findings.Panel panel : findings(name, scale, true).panels()) {
      assertTrue(names.add(panel.name()), panel.name());
      assertTrue(panel.name().matches(name.substring(3) + "([a-z]|-.*)?"), panel.name());
      assertTrue(panel.plot().toSvg().contains("<svg"), panel.name());
      assertFalse(panel.caption().isBlank());
    }
    assertFalse(names.isEmpty());
  }

  private static Stream<Arguments> ofRandomNetworks() {
    return figures().filter(each -> !List.of("fig1", "fig12").contains((String) each.get()[0]));
  }

  /** The networks of a task: activation is left out, which comparisons share on purpose. */
  private static Map<String, List<Long>> seeds(String figure, PaperScale scale, long seed) {
    Reproduction reproduction =
        new Reproduction(List.of(figure), scale, null, seed, "cpu-vector", 1);
    Map<String, List<Long>> seeds = new TreeMap<>();
    for (Task task : PaperFigures.named(figure).tasks(reproduction)) {
      Draws draws =
          task instanceof MarginalTask t
              ? t.draws()
              : task instanceof OutputPairsTask p
                  ? p.draws()
                  : task instanceof CovarianceTask c && !c.entries() ? c.draws() : null;
      if (draws != null) {
        seeds.put(
            draws.model().width() + ", T = " + draws.model().horizon(),
            LongStream.range(0, draws.networks()).mapToObj(b -> draws.seed() + b).toList());
      } else if (task instanceof TrainingTask t
          && !List.of("fig3", "fig13", "fig14").contains(figure)) {
        seeds
            .computeIfAbsent("training " + t.model().width(), width -> new ArrayList<>())
            .add(t.seed());
      }
    }
    return seeds;
  }

  /** What a fit over widths, or a ratio of two variances, takes as independent. */
  @ParameterizedTest
  @MethodSource("ofRandomNetworks")
  void networksOfTwoWidthsOrOfTwoSeedsHaveNoSeedInCommon(String name, PaperScale scale) {
    Set<Long> all = new HashSet<>();
    for (long seed : new long[] {0, 1, 2}) {
      for (Map.Entry<String, List<Long>> each : seeds(name, scale, seed).entrySet()) {
        Set<Long> own = new HashSet<>(each.getValue());
        own.forEach(s -> assertTrue(all.add(s), each.getKey() + ", seed " + s));
      }
    }
    assertEquals(List.of("fig13", "fig14").contains(name), all.isEmpty());
  }

  /** Results are found by what a task is: no two tasks of a figure may look alike in JSON. */
  @ParameterizedTest
  @MethodSource("figures")
  void tasksHaveKeysOfTheirOwn(String name, PaperScale scale) {
    Reproduction reproduction = reproduction(name, scale);
    List<Task> tasks = PaperFigures.named(name).tasks(reproduction);
    Set<Task> different = new HashSet<>(tasks);
    Set<String> keys = new HashSet<>(tasks.stream().map(TaskLine::key).toList());
    assertEquals(different.size(), keys.size());
    assertEquals(different.size(), ReproductionRun.tasks(reproduction).size());
    for (Task task : tasks) {
      assertTrue(task.operations() > 0 && Double.isFinite(task.operations()), task.words());
    }
  }
}
