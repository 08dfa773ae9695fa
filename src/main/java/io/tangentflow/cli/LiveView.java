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

  /** Of a terminal of 80 columns; in the last one a line may break. */
  private static final int LENGTH = 79;

  private static final int COLUMNS = 25;

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
   */
  List<String> lines(String progress) {
    List<String> lines = new ArrayList<>();
    String head = title + "  " + progress;
    lines.add(head.substring(0, Math.min(LENGTH, head.length())));
    for (TrainingQuantity quantity : ROWS) {
      Seen of = seen.get(quantity);
      if (of != null) {
        lines.add(
            String.format(
                "  %-36s %13s  %s",
                quantity == DISTANCE ? "distance from the start" : quantity.label(),
                Numbers.significant(of.last, 4),
                Sparkline.of(of.values, COLUMNS)));
      }
    }
    return lines;
  }

  /** The characters that put the view in the place of the one drawn last. */
  String redraw(String progress) {
    StringBuilder out = new StringBuilder(toTop());
    List<String> lines = lines(progress);
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
