package io.tangentflow.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * The marks of an axis, ascending and within its range.
 *
 * @param labels one for each major mark
 */
record Ticks(List<Double> majors, List<String> labels, List<Double> minors) {

  private static final int TARGET = 5;

  static Ticks round(Scale scale) {
    return switch (scale.kind()) {
      case LINEAR -> linear(scale.low(), scale.high());
      case LOG -> log(scale.low(), scale.high());
    };
  }

  /** Marks at the given values, their labels to six digits. */
  static Ticks at(DoubleStream values) {
    List<Double> majors = values.sorted().distinct().boxed().toList();
    return new Ticks(majors, majors.stream().map(Ticks::label).toList(), List.of());
  }

  private static String label(double value) {
    return Numbers.shortest(new BigDecimal(value, new MathContext(6)).doubleValue());
  }

  /**
   * Multiples of the step 1, 2 or 5 · 10^k for which (high − low)/step is nearest to five by ratio.
   * Neighbouring steps differ by at most 2.5, so the quotient lies within √10 and √62.5, and there
   * are three to eight marks.
   */
  static Ticks linear(double low, double high) {
    double length = high - low;
    int decade = (int) Math.floor(Math.log10(length / TARGET));
    BigDecimal step = null;
    double best = Double.POSITIVE_INFINITY;
    for (int k = decade - 1; k <= decade + 1; k++) {
      for (int digit : new int[] {1, 2, 5}) {
        BigDecimal candidate = BigDecimal.valueOf(digit).scaleByPowerOfTen(k);
        double distance = Math.abs(Math.log(length / candidate.doubleValue() / TARGET));
        if (distance < best) {
          best = distance;
          step = candidate;
        }
      }
    }
    List<BigDecimal> values = new ArrayList<>();
    long first = (long) Math.ceil(low / step.doubleValue()) - 1;
    for (long i = first; values.size() <= 2 * TARGET; i++) {
      BigDecimal value = step.multiply(BigDecimal.valueOf(i));
      if (value.doubleValue() > high) {
        break;
      }
      if (value.doubleValue() >= low) {
        values.add(value);
      }
    }
    return new Ticks(
        values.stream().map(BigDecimal::doubleValue).toList(), Numbers.alike(values), List.of());
  }

  /**
   * Decades, every second, third, … of them where there are more than nine; with fewer than three
   * decades 1, 2 and 5 times decades; on a still shorter axis linear steps.
   */
  static Ticks log(double low, double high) {
    List<Mark> decades = marks(low, high, 1);
    List<Mark> all = marks(low, high, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    if (decades.size() > 9) {
      int stride = (decades.size() + 7) / 8;
      return of(
          decades.stream().filter(m -> Math.floorMod(m.exponent, stride) == 0).toList(), decades);
    }
    if (decades.size() >= 3) {
      return of(decades, all);
    }
    List<Mark> coarse = marks(low, high, 1, 2, 5);
    if (coarse.size() >= 3) {
      return of(coarse, all);
    }
    Ticks linear = linear(low, high);
    return new Ticks(linear.majors, linear.labels, without(linear.majors, all));
  }

  /** A digit times a power of ten. */
  private record Mark(int digit, int exponent) {
    double value() {
      return BigDecimal.valueOf(digit).scaleByPowerOfTen(exponent).doubleValue();
    }
  }

  private static List<Mark> marks(double low, double high, int... digits) {
    List<Mark> marks = new ArrayList<>();
    int last = (int) Math.ceil(Math.log10(high));
    for (int exponent = (int) Math.floor(Math.log10(low)); exponent <= last; exponent++) {
      for (int digit : digits) {
        Mark mark = new Mark(digit, exponent);
        if (mark.value() >= low && mark.value() <= high) {
          marks.add(mark);
        }
      }
    }
    return marks;
  }

  private static Ticks of(List<Mark> majors, List<Mark> all) {
    List<Double> values = majors.stream().map(Mark::value).toList();
    boolean plain = values.get(0) >= 1e-3 && values.get(values.size() - 1) <= 1e4;
    return new Ticks(
        values,
        majors.stream()
            .map(m -> plain ? Numbers.shortest(m.value()) : Numbers.scientific(m.digit, m.exponent))
            .toList(),
        without(values, all));
  }

  private static List<Double> without(List<Double> majors, List<Mark> all) {
    return all.stream().map(Mark::value).filter(v -> !majors.contains(v)).toList();
  }
}
