package io.tangentflow.benchmarks.result;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Two runs beside each other.
 *
 * @param pairs what both measured, in the order of the one before
 * @param onlyBefore what is in the run before alone
 * @param onlyAfter what is in the run after alone
 * @param remarks sentences on what else differs, and on what the intervals do not know
 */
public record Comparison(
    List<Pair> pairs,
    List<Measurement> onlyBefore,
    List<Measurement> onlyAfter,
    List<String> remarks) {

  /**
   * A benchmark in both.
   *
   * @param ratio empty where a run has one time alone
   */
  public record Pair(Measurement before, Measurement after, Optional<Ratio> ratio) {}

  /**
   * Compares what is comparable.
   *
   * @throws InvalidConfiguration if one benchmark was measured in two modes, units or numbers of
   *     threads
   */
  public static Comparison of(Map<String, Measurement> before, Map<String, Measurement> after) {
    List<Pair> pairs = new ArrayList<>();
    for (Map.Entry<String, Measurement> entry : before.entrySet()) {
      Measurement other = after.get(entry.getKey());
      if (other != null) {
        pairs.add(pair(entry.getValue(), other));
      }
    }
    return new Comparison(pairs, without(before, after), without(after, before), remarks(pairs));
  }

  private static Pair pair(Measurement before, Measurement after) {
    requireSame(before, "mode", before.mode(), after.mode());
    requireSame(before, "unit", before.unit(), after.unit());
    requireSame(before, "number of threads", before.threads(), after.threads());
    boolean single = isSingle(before) || isSingle(after);
    return new Pair(
        before,
        after,
        single ? Optional.empty() : Optional.of(Ratio.of(before.forks(), after.forks())));
  }

  private static boolean isSingle(Measurement measurement) {
    return measurement.forks().size() == 1 && measurement.forks().get(0).size() == 1;
  }

  private static void requireSame(Measurement of, String what, Object before, Object after) {
    if (!Objects.equals(before, after)) {
      throw new InvalidConfiguration(
          "AFTER",
          String.format(
              "%s was measured in the %s %s before and %s after, which do not compare",
              of.label(), what, before, after));
    }
  }

  private static List<Measurement> without(
      Map<String, Measurement> these, Map<String, Measurement> others) {
    return these.entrySet().stream()
        .filter(entry -> !others.containsKey(entry.getKey()))
        .map(Map.Entry::getValue)
        .toList();
  }

  private static List<String> remarks(List<Pair> pairs) {
    List<String> remarks = new ArrayList<>();
    pairs.stream()
        .filter(pair -> !pair.before().jvm().equals(pair.after().jvm()))
        .map(pair -> "The JVMs differ: " + pair.before().jvm() + "; " + pair.after().jvm() + ".")
        .distinct()
        .forEach(remarks::add);
    long ofOneFork =
        pairs.stream().filter(p -> p.ratio().filter(r -> !r.acrossForks()).isPresent()).count();
    if (ofOneFork > 0) {
      remarks.add(
          ofOneFork
              + " of the intervals are those of iterations, as a run has one fork; what differs"
              + " from JVM to JVM is not in them. Give -f 5 to know it.");
    }
    long single = pairs.stream().filter(pair -> pair.ratio().isEmpty()).count();
    if (single > 0) {
      remarks.add(single + " have one time alone in a run, of which no ratio is given.");
    }
    return remarks;
  }
}
