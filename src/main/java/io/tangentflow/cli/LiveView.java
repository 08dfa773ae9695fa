package io.tangentflow.cli;

import static io.tangentflow.experiment.TrainingQuantity.BATCH_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE;
import static io.tangentflow.experiment.TrainingQuantity.KERNEL_CHANGE;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.PREDICTED_BY_START;
import static io.tangentflow.experiment.TrainingQuantity.TEST_ACCURACY;
import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_ACCURACY;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.experiment.TrainingLine;
import io.tangentflow.experiment.TrainingQuantity;
import io.tangentflow.report.Numbers;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What is seen of a training, a row for each quantity with its last value and a sparkline, drawn
 * over and over at the same place of a terminal.
 */
final class LiveView {

  private static final List<TrainingQuantity> ROWS =
      List.of(
          BATCH_LOSS,
          TRAIN_LOSS,
          PREDICTED_BY_START,
          TEST_LOSS,
          TRAIN_ACCURACY,
          TEST_ACCURACY,
          LEAST_EIGENVALUE,
          KERNEL_CHANGE,
          DISTANCE);

  private static final int COLUMNS = 25;

  private static final int LONGEST_LABEL = 36;

  /** Of a row, beside its label: what has to be seen on a narrow terminal too. */
  private static final int VALUE_LENGTH = 16;

  /** Of a quantity that are held: every second one is dropped when there are so many. */
  private static final int MOST_VALUES = 4096;

  private final String title;
  private final Map<TrainingQuantity, Seen> seen = new EnumMap<>(TrainingQuantity.class);
  private int drawn;

  LiveView(String title) {
    this.title = title;
  }

  void add(TrainingLine line) {
    line.values()
        .forEach((quantity, value) -> seen.computeIfAbsent(quantity, q -> new Seen()).add(value));
  }

  /** Values of a quantity at equal distances, and the last. */
  private static final class Seen {
    private final List<Double> values = new ArrayList<>();
    private long count;
    private long distance = 1;
    private double last;

    void add(double value) {
      last = value;
      if (count++ % distance == 0) {
        values.add(value);
      }
      if (values.size() == MOST_VALUES) {
        distance *= 2;
        keepEverySecond();
      }
    }

    private void keepEverySecond() {
      for (int i = 0; i < MOST_VALUES / 2; i++) {
        values.set(i, values.get(2 * i));
      }
      values.subList(MOST_VALUES / 2, MOST_VALUES).clear();
    }
  }

  /**
   * The view as lines.
   *
   * @param progress what is said beside the title
   * @param length that no line exceeds
   */
  List<String> lines(String progress, int length) {
    List<String> lines = new ArrayList<>();
    lines.add(title + "  " + progress);
    int label = Math.max(1, Math.min(LONGEST_LABEL, length - VALUE_LENGTH));
    for (TrainingQuantity quantity : ROWS) {
      Seen of = seen.get(quantity);
      if (of != null) {
        lines.add(
            String.format(
                "  %-" + label + "." + label + "s %13s  %s",
                quantity == DISTANCE ? "distance from the start" : quantity.label(),
                Numbers.significant(of.last, 4),
                Sparkline.of(of.values, COLUMNS)));
      }
    }
    lines.replaceAll(line -> line.substring(0, Math.min(length, line.length())));
    return lines;
  }

  /** The characters that put the view in the place of the one drawn last. */
  String redraw(String progress, int length) {
    StringBuilder out = new StringBuilder(toTop());
    List<String> lines = lines(progress, length);
    lines.forEach(line -> out.append("\r\u001b[2K").append(line).append(System.lineSeparator()));
    drawn = lines.size();
    return out.toString();
  }

  /** The characters that take the view away; the cursor is where it began. */
  String erase() {
    String out = toTop() + (drawn > 0 ? "\u001b[J" : "");
    drawn = 0;
    return out;
  }

  private String toTop() {
    return drawn > 0 ? "\r\u001b[" + drawn + "A" : "";
  }
}
