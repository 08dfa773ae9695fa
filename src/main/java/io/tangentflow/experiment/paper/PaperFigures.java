package io.tangentflow.experiment.paper;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** All figures of the paper that are reproduced. */
public final class PaperFigures {

  /** The word for all of them. */
  public static final String ALL = "all";

  private static final List<PaperFigure> FIGURES =
      List.of(
          new Figure1(),
          new Figure2(),
          new Figure3(),
          new Figure4(),
          new Figure5(),
          new Figure6(),
          new Figure7(),
          new Figure8(),
          new Figure9(),
          new Figure10(),
          new Figure11(),
          new Figure12(),
          new Figure13(),
          new Figure14());

  private PaperFigures() {}

  /** Their names, in the paper's order. */
  public static List<String> names() {
    return FIGURES.stream().map(PaperFigure::name).toList();
  }

  /**
   * The names of those that were asked for, each once, in the paper's order.
   *
   * @param asked names like {@code fig4}, {@code 4} or {@code all}
   */
  public static List<String> named(List<String> asked) {
    List<String> names =
        asked.stream()
            .map(word -> word.toLowerCase(Locale.ROOT))
            .map(word -> word.matches("\\d+") ? "fig" + word : word)
            .toList();
    names.stream().filter(name -> !name.equals(ALL)).forEach(PaperFigures::named);
    return names().stream().filter(name -> names.contains(ALL) || names.contains(name)).toList();
  }

  /** The title of a figure. */
  public static String title(String name) {
    return named(name).title();
  }

  static PaperFigure named(String name) {
    return FIGURES.stream()
        .filter(figure -> figure.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidConfiguration(
                    "FIG",
                    "'"
                        + name
                        + "' is none of "
                        + names().stream().collect(Collectors.joining(", "))
                        + " and all"));
  }
}
