package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.experiment.TrainingLine;
import io.tangentflow.experiment.TrainingQuantity;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a terminal shows of a training. */
class LiveViewTest {

  /** A terminal that knows the few control sequences that are used, of so many lines. */
  private static final class Terminal {
    private static final Pattern TOKEN =
        Pattern.compile("\u001b\\[(\\d*)([A-Za-z])|(\r)|(\n)|([^\u001b\r\n]+)");

    private final List<String> lines = new ArrayList<>(List.of(""));
    private final int columns;
    private int row;
    private int column;

    Terminal(int columns) {
      this.columns = columns;
    }

    Terminal show(String characters) {
      Matcher token = TOKEN.matcher(characters);
      int end = 0;
      while (token.find()) {
        assertEquals(end, token.start(), "characters that this terminal does not know");
        end = token.end();
        take(token);
      }
      assertEquals(characters.length(), end);
      return this;
    }

    private void take(Matcher token) {
      if (token.group(3) != null) {
        column = 0;
      } else if (token.group(4) != null) {
        row++;
        column = 0;
        if (row == lines.size()) {
          lines.add("");
        }
      } else if (token.group(5) != null) {
        String line = lines.get(row);
        int stop = column + token.group(5).length();
        lines.set(
            row,
            line.substring(0, column)
                + token.group(5)
                + (line.length() > stop ? line.substring(stop) : ""));
        column = stop;
        assertTrue(column < columns, columns + " columns would break: " + lines.get(row));
      } else {
        switch (token.group(2)) {
          case "A" -> row -= Integer.parseInt(token.group(1));
          case "K" -> lines.set(row, "");
          case "J" -> {
            lines.subList(row + 1, lines.size()).clear();
            lines.set(row, lines.get(row).substring(0, column));
          }
          default -> throw new AssertionError("unknown: " + token.group());
        }
        assertTrue(row >= 0, "above the first line");
      }
    }

    List<String> lines() {
      return lines.stream().filter(line -> !line.isEmpty()).toList();
    }
  }

  private static TrainingLine line(long step, double loss, boolean all) {
    Map<TrainingQuantity, Double> values = new EnumMap<>(TrainingQuantity.class);
    values.put(TrainingQuantity.TRAIN_LOSS, loss);
    if (all) {
      for (TrainingQuantity quantity : TrainingQuantity.values()) {
        values.putIfAbsent(quantity, -1.2345e-100);
      }
    }
    return new TrainingLine(step, 0, values);
  }

  @Test
  void aViewIsDrawnInItsOwnPlaceAndGrows() {
    LiveView view = new LiveView("softplus, width 512");
    Terminal terminal = new Terminal(80).show("before\n");
    for (int k = 0; k < 200; k++) {
      view.add(line(k, Math.exp(-k), k > 100));
      terminal.show(view.redraw(k + " of 200, about 3 min 20 s to go", 79));
    }
    List<String> lines = terminal.lines();
    assertEquals("before", lines.get(0));
    assertEquals(11, lines.size(), lines.toString());
    assertTrue(lines.get(1).startsWith("softplus, width 512  199 of 200"), lines.get(1));
    assertTrue(lines.stream().anyMatch(line -> line.contains("λ_min")), lines.toString());
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 40, 200})
  void linesFitTheTerminalAndShowTheirValues(int columns) {
    LiveView view = new LiveView("softplus, width 512");
    Terminal terminal = new Terminal(columns);
    for (int k = 0; k < 50; k++) {
      view.add(line(k, Math.exp(-k), true));
      terminal.show(view.redraw(k + " of 50, about 3 min 20 s to go", columns - 2));
    }
    List<String> lines = terminal.lines();
    assertEquals(10, lines.size(), lines.toString());
    assertTrue(lines.stream().skip(1).allMatch(line -> line.contains("×10⁻")), lines.toString());
    assertEquals(columns == 200, lines.get(0).endsWith(" to go"), lines.get(0));
  }

  @Test
  void longTitlesDoNotBreak() {
    LiveView view = new LiveView("polynomial:" + "0.123456789,".repeat(9) + " width 512");
    view.add(line(0, 1, true));
    new Terminal(80).show(view.redraw("1 of 2", 79));
  }

  @Test
  void anErasedViewLeavesRoomForALine() {
    LiveView view = new LiveView("relu, width 8");
    view.add(line(0, 2, true));
    Terminal terminal = new Terminal(80).show(view.redraw("0 of 9", 79));
    terminal.show(view.erase()).show("a warning\n").show(view.redraw("1 of 9", 79));
    List<String> lines = terminal.lines();
    assertEquals("a warning", lines.get(0));
    assertEquals("relu, width 8  1 of 9", lines.get(1));
    assertEquals(view.lines("1 of 9", 79).size() + 1, lines.size(), lines.toString());
    assertEquals(List.of("a warning"), terminal.show(view.erase()).lines());
  }

  @Test
  void manyValuesAreThinnedAndTheLastStays() {
    LiveView view = new LiveView("relu");
    for (int k = 0; k <= 20_000; k++) {
      view.add(line(k, 1 + k, false));
    }
    String row = view.lines("", 79).get(1);
    assertTrue(row.contains("2.000×10⁴"), row);
    assertTrue(row.contains("▅") && row.endsWith("█"), row);
  }

  private static List<Double> values(int count, IntToDoubleFunction of) {
    return IntStream.range(0, count).mapToDouble(of).boxed().toList();
  }

  @Test
  void sparklinesFollowTheirValues() {
    assertEquals("", Sparkline.of(List.of(), 9));
    assertEquals("▅", Sparkline.of(List.of(3.0), 9));
    assertEquals("▅▅▅", Sparkline.of(List.of(0.0, 0.0, 0.0), 9));
    assertEquals("▁▂▃▄▅▆▇█", Sparkline.of(values(8, i -> i), 8));
    assertEquals("▁▂▃▄▅▆▇█", Sparkline.of(values(800, i -> i), 8));
    assertEquals("█▇▆▅▄▃▂▁", Sparkline.of(values(8, i -> -i), 8));
    // By logarithms: a geometric fall is a straight line.
    assertEquals("█▇▆▅▄▃▂▁", Sparkline.of(values(8, i -> Math.exp(-3 * i)), 8));
    assertEquals("█▁▁▁", Sparkline.of(List.of(1e300, 1.0, 0.0, -1.0), 8));
  }

  @Test
  void aTrainingOnATerminalEndsWithItsWholeView(@TempDir Path directory) throws Exception {
    Invocation.child(
            directory,
            List.of("-Xmx256m", "-Dtangentflow.terminal=true"),
            "train",
            "--samples",
            5,
            "--width",
            8,
            "--steps",
            40,
            "--watch",
            "--kernel-samples",
            3,
            "--kernel-outputs",
            "mean",
            "--out",
            directory.resolve("run"))
        .ended(0);
    // A terminal of many columns, as the lines of status are long.
    String all =
        Files.readString(directory.resolve("stderr"))
            .replaceAll("(?m)^WARNING: .*\n", "")
            .replaceAll("(?m)^[^\u001b\r]{80,}$", "a long line");
    List<String> lines = new Terminal(80).show(all).lines();
    assertEquals(
        1,
        lines.stream().filter(line -> line.startsWith("softplus, width 8  ")).count(),
        lines.toString());
    assertTrue(
        lines.get(lines.size() - 1).startsWith("  distance from the start"), lines.toString());
    assertTrue(lines.stream().anyMatch(l -> l.contains("40 of 40")), lines.toString());
  }
}
