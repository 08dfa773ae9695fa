package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.experiment.paper.Verdict.Outcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where there is nothing to go by, nothing is claimed, and the rest is reported all the same. */
class DegenerateResultsTest {

  private static final int SEEN = 2;

  private static Reproduction reproduction(String figure) {
    return reproduction(figure, PaperScale.SMOKE);
  }

  private static Reproduction reproduction(String figure, PaperScale scale) {
    return new Reproduction(List.of(figure), scale, null, 0, "cpu-vector", 1);
  }

  /** The numbers of a world as the paper claims it, some of them replaced. */
  private static Findings findings(
      String name, Predicate<Task> which, UnaryOperator<Map<String, List<Double>>> change) {
    return findings(reproduction(name), which, change);
  }

  private static Findings findings(
      Reproduction reproduction,
      Predicate<Task> which,
      UnaryOperator<Map<String, List<Double>>> change) {
    PaperFigure figure = reproduction.chosen().get(0);
    FabricatedWorld world = new FabricatedWorld(true);
    List<TaskLine> lines = new ArrayList<>();
    for (Task task : figure.tasks(reproduction)) {
      Map<String, List<Double>> numbers = new LinkedHashMap<>(world.numbers(task));
      lines.add(
          TaskLine.of(
              task, which.test(task) ? change.apply(numbers) : numbers, 1, SmallLaboratory.HERE));
    }
    Findings findings = figure.findings(reproduction, new Results(Path.of("results.jsonl"), lines));
    findings.panels().forEach(panel -> assertTrue(panel.plot().toSvg().contains("<svg")));
    return findings;
  }

  /** What a training has that diverged after some looks, with a loss on its way to infinity. */
  private static Map<String, List<Double>> diverged(Map<String, List<Double>> whole) {
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    whole.forEach(
        (name, values) -> {
          List<Double> some = new ArrayList<>(values.subList(0, Math.min(SEEN, values.size())));
          if (name.equals("trainLoss")) {
            some.set(some.size() - 1, 1e30);
          }
          numbers.put(name, some);
        });
    numbers.put("diverged", List.of((double) SEEN));
    return numbers;
  }

  private static boolean training(Task task) {
    return task instanceof TrainingTask;
  }

  @ParameterizedTest
  @ValueSource(strings = {"fig2", "fig3", "fig7", "fig8", "fig9", "fig10", "fig13", "fig14"})
  void trainingsThatAllDivergedClaimNothing(String name) {
    for (boolean atOnce : List.of(false, true)) {
      Findings findings =
          findings(
              name,
              DegenerateResultsTest::training,
              whole -> atOnce ? Map.of("diverged", List.of(0.0)) : diverged(whole));
      for (Verdict verdict : findings.verdicts()) {
        boolean ofTrainings = !verdict.figure().matches("3a|14a|14c");
        assertEquals(
            ofTrainings ? Outcome.INCONCLUSIVE : Outcome.AGREES,
            verdict.outcome(),
            verdict.toString());
      }
      long trainings =
          PaperFigures.named(name).tasks(reproduction(name)).stream()
              .filter(DegenerateResultsTest::training)
              .distinct()
              .count();
      assertEquals(
          trainings, findings.remarks().stream().filter(s -> s.contains("diverged")).count());
    }
  }

  /** One seed that diverged moves no mean, and cuts no curve short. */
  @Test
  void oneDivergedTrainingIsLeftOut() {
    Findings whole = findings("fig2", task -> false, numbers -> numbers);
    Findings without =
        findings(
            "fig2", task -> ((TrainingTask) task).seed() == 1, DegenerateResultsTest::diverged);
    for (int k = 0; k < whole.panels().size(); k++) {
      for (int s = 0; s < whole.panels().get(k).plot().series().size(); s++) {
        var expected = whole.panels().get(k).plot().series().get(s).points();
        var points = without.panels().get(k).plot().series().get(s).points();
        assertEquals(expected.size(), points.size());
        for (int i = 0; i < points.size(); i++) {
          double y = expected.get(i).y();
          assertEquals(y, points.get(i).y(), 0.02 * Math.abs(y), "point " + i);
        }
      }
    }
    without.verdicts().forEach(v -> assertEquals(Outcome.AGREES, v.outcome(), v.toString()));
  }

  /** At this scale the tangent kernel of one seed of each width is looked at. */
  @Test
  void aWidthWhoseWatchedTrainingDivergedKeepsItsRow() {
    Findings findings =
        findings(
            reproduction("fig2", PaperScale.DEFAULT),
            task -> ((TrainingTask) task).kernelEvery() > 0,
            DegenerateResultsTest::diverged);
    assertEquals(3, findings.tables().get(0).rows().size());
  }

  /** Two ways of which one diverges and the other does not are not alike. */
  @ParameterizedTest
  @ValueSource(strings = {"fig13", "fig14"})
  void divergenceOfOneOfTwoIsADifference(String name) {
    Findings findings =
        findings(
            name,
            task -> task instanceof TrainingTask t && t.gradient().startsWith("stored"),
            DegenerateResultsTest::diverged);
    Verdict alike =
        findings.verdicts().stream()
            .filter(v -> v.claim().contains("alike"))
            .findFirst()
            .orElseThrow();
    assertEquals(Outcome.DISAGREES, alike.outcome());
    assertEquals(Double.POSITIVE_INFINITY, alike.number().value());
  }

  @Test
  void gapsOfWhichNoneIsResolvedClaimNothing() {
    Findings findings =
        findings(
            "fig1",
            task -> true,
            numbers -> {
              Map<String, List<Double>> left = new LinkedHashMap<>(numbers);
              left.keySet().removeIf(key -> key.startsWith("bias"));
              left.replaceAll(
                  (key, values) ->
                      key.startsWith("outputs") || key.startsWith("gradient") ? List.of() : values);
              return left;
            });
    for (Verdict verdict : findings.verdicts()) {
      assertEquals(
          verdict.figure().equals("1c") ? Outcome.AGREES : Outcome.INCONCLUSIVE,
          verdict.outcome(),
          verdict.toString());
    }
    assertFalse(findings.verdicts().isEmpty());
  }

  /** Of one gap alone nobody knows whether it falls. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void gapsOfFewerThanTwoDepthsDoNotStall(int resolved) {
    Findings findings =
        findings(
            "fig12",
            task -> true,
            numbers -> {
              Map<String, List<Double>> left = new LinkedHashMap<>(numbers);
              left.replaceAll((key, values) -> values.subList(0, resolved));
              return left;
            });
    for (Verdict verdict : findings.verdicts()) {
      assertEquals(Outcome.INCONCLUSIVE, verdict.outcome(), verdict.toString());
    }
    assertFalse(findings.verdicts().isEmpty());
  }

  /** A claim on all widths is held against the width that it fits least. */
  @ParameterizedTest
  @ValueSource(strings = {"12a", "12b", "12c", "12d"})
  void oneWidthThatIsNotAsClaimedDecides(String panel) {
    FabricatedWorld otherwise = new FabricatedWorld(false);
    for (int odd : new int[] {32, 64}) {
      PaperFigure figure = PaperFigures.named("fig12");
      Reproduction reproduction = reproduction("fig12");
      List<TaskLine> lines = new ArrayList<>();
      for (Task task : figure.tasks(reproduction)) {
        boolean isOdd = ((DepthGapTask) task).model().width() == odd;
        lines.add(
            TaskLine.of(
                task,
                (isOdd ? otherwise : new FabricatedWorld(true)).numbers(task),
                1,
                SmallLaboratory.HERE));
      }
      Verdict verdict =
          figure
              .findings(reproduction, new Results(Path.of("results.jsonl"), lines))
              .verdicts()
              .stream()
              .filter(v -> v.figure().equals(panel))
              .findFirst()
              .orElseThrow();
      assertEquals(Outcome.DISAGREES, verdict.outcome(), verdict.toString());
    }
  }

  /** Of one horizon both scalings are the same networks; they count once. */
  @Test
  void networksThatTwoSettingsShareCountOnce() {
    Reproduction reproduction = reproduction("fig3");
    List<TrainingTask> ones =
        PaperFigures.named("fig3").tasks(reproduction).stream()
            .filter(task -> task instanceof TrainingTask t && t.model().horizon() == 1)
            .map(TrainingTask.class::cast)
            .toList();
    List<TrainingTask> distinct = ones.stream().distinct().toList();
    assertEquals(2 * distinct.size(), ones.size());
    Results results = new FabricatedWorld(true).results(PaperFigures.named("fig3"), reproduction);
    var twice = new Trainings(results, ones, task -> "all");
    var once = new Trainings(results, distinct, task -> "all");
    assertEquals(once.plot("", "", "", true, TRAIN_LOSS), twice.plot("", "", "", true, TRAIN_LOSS));
    assertEquals(once.ratio(t -> t, twice::lastLoss), twice.ratio(t -> t, twice::lastLoss));
    assertEquals(distinct, twice.tasks());
  }
}
