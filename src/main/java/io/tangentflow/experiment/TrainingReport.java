package io.tangentflow.experiment;

import static io.tangentflow.experiment.TrainingQuantity.BATCH_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE_U;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE_V;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE_W;
import static io.tangentflow.experiment.TrainingQuantity.EIGENVALUE_DOUBT;
import static io.tangentflow.experiment.TrainingQuantity.GRADIENT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.GREATEST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.KERNEL_CHANGE;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.OUTPUT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.PREDICTED_BY_LIMIT;
import static io.tangentflow.experiment.TrainingQuantity.PREDICTED_BY_START;
import static io.tangentflow.experiment.TrainingQuantity.RATE_BOUND;
import static io.tangentflow.experiment.TrainingQuantity.TEST_ACCURACY;
import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_ACCURACY;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.HtmlReport;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Section;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** What the results of a training say: a table, plots and sentences. */
public final class TrainingReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Points of a line that can still be told apart on a plot. */
  private static final int MOST_POINTS = 500;

  /** Rows of the table on a terminal. */
  private static final int MOST_ROWS = 12;

  private final Manifest manifest;
  private final TrainingConfiguration configuration;
  private final Optional<TrainingStart> start;
  private final List<TrainingLine> lines;

  private TrainingReport(
      Manifest manifest,
      TrainingConfiguration configuration,
      Optional<TrainingStart> start,
      List<TrainingLine> lines) {
    this.manifest = manifest;
    this.configuration = configuration;
    this.start = start;
    this.lines = lines;
  }

  /** Reads a run's results. */
  public static TrainingReport of(RunDirectory directory) {
    return new TrainingReport(
        directory.manifest(),
        directory.configuration(TrainingConfiguration.class),
        directory.read("start.json", TrainingStart.class),
        directory.lines(TrainingLine.class));
  }

  /** Whether nothing was seen yet. */
  public boolean isEmpty() {
    return lines.isEmpty();
  }

  private static boolean has(TrainingLine line, TrainingQuantity quantity) {
    return line.value(quantity).isPresent();
  }

  private boolean seen(TrainingQuantity quantity) {
    return lines.stream().anyMatch(line -> has(line, quantity));
  }

  private List<TrainingLine> with(TrainingQuantity quantity) {
    return lines.stream().filter(line -> has(line, quantity)).toList();
  }

  private static double value(TrainingLine line, TrainingQuantity quantity) {
    return line.value(quantity).orElseThrow();
  }

  /** The loss that every line has: of all samples, or of a step's batch. */
  private TrainingQuantity loss() {
    return seen(BATCH_LOSS) ? BATCH_LOSS : TRAIN_LOSS;
  }

  /** Some rows for a terminal, first and last among them. */
  public Table table() {
    List<TrainingLine> rows = new ArrayList<>();
    // Lines on which more was seen than the loss are more telling.
    TrainingQuantity telling =
        seen(LEAST_EIGENVALUE) ? LEAST_EIGENVALUE : seen(DISTANCE) ? DISTANCE : TRAIN_LOSS;
    List<TrainingLine> candidates = with(telling);
    int rest = candidates.size() - 1;
    int step = Math.max(1, (rest + MOST_ROWS - 1) / MOST_ROWS);
    for (int i = 0; i <= rest; i++) {
      if (i % step == 0 || i == rest) {
        rows.add(candidates.get(i));
      }
    }
    return table("Training of " + subject() + ":", rows);
  }

  private Table table(String caption, List<TrainingLine> rows) {
    List<TrainingQuantity> columns = new ArrayList<>();
    for (TrainingQuantity quantity : TrainingQuantity.values()) {
      boolean aside =
          quantity == EIGENVALUE_DOUBT
              || quantity == DISTANCE_U
              || quantity == DISTANCE_W
              || quantity == DISTANCE_V;
      if (!aside && rows.stream().anyMatch(line -> has(line, quantity))) {
        columns.add(quantity);
      }
    }
    List<Table.Column> headers = new ArrayList<>();
    headers.add(Table.Column.right("step"));
    columns.forEach(quantity -> headers.add(Table.Column.right(header(quantity))));
    Table table = Table.of(caption, headers.toArray(Table.Column[]::new));
    for (TrainingLine line : rows) {
      List<Cell> cells = new ArrayList<>();
      cells.add(Cell.of(line.step()));
      columns.forEach(
          quantity -> {
            OptionalDouble value = line.value(quantity);
            cells.add(value.isPresent() ? Cell.of(value.getAsDouble(), 4) : Cell.of("–"));
          });
      table = table.row(cells.toArray(Cell[]::new));
    }
    return table;
  }

  /** Short, as a table has many columns. */
  private static String header(TrainingQuantity quantity) {
    return switch (quantity) {
      case BATCH_LOSS -> "batch loss";
      case TRAIN_LOSS -> "train loss";
      case TRAIN_ACCURACY -> "train acc.";
      case TEST_ACCURACY -> "test acc.";
      case DISTANCE -> "‖θ − θ₀‖";
      case KERNEL_CHANGE -> "kernel change";
      case OUTPUT_GAP -> "output gap";
      case GRADIENT_GAP -> "gradient gap";
      case PREDICTED_BY_START -> "by K₀";
      case PREDICTED_BY_LIMIT -> "by K∞";
      case RATE_BOUND -> "rate bound";
      default -> quantity.label();
    };
  }

  private String subject() {
    TrainingConfiguration.Network network = configuration.network();
    return String.format(
        "%s, width %d, %s, on %d samples of %s",
        network.activation(),
        network.width(),
        network.gradient(),
        configuration.data().samples(),
        configuration.data().source());
  }

  private String descent() {
    TrainingConfiguration.Descent d = configuration.descent();
    String how =
        switch (d.optimiser()) {
          case "momentum" -> "momentum " + Numbers.shortest(d.momentum());
          case "adam" -> "Adam";
          default -> "gradient descent";
        };
    String batches = d.batchSize() == 0 ? "" : ", batches of " + d.batchSize();
    return how
        + batches
        + start.map(s -> ", learning rate " + Numbers.significant(s.learningRate(), 4)).orElse("");
  }

  /** The findings, one sentence each. */
  public List<String> findings() {
    List<String> sentences = new ArrayList<>();
    long end = configuration.descent().steps();
    long last = lines.isEmpty() ? 0 : lines.get(lines.size() - 1).step();
    if (last < end) {
      sentences.add(String.format("Only %d of %d steps are seen; 'resume' goes on.", last, end));
    }
    lossFinding().ifPresent(sentences::add);
    growthFinding().ifPresent(sentences::add);
    accuracyFinding().ifPresent(sentences::add);
    rateFinding().ifPresent(sentences::add);
    predictionFinding(PREDICTED_BY_START, "the tangent kernel at the start")
        .ifPresent(sentences::add);
    predictionFinding(PREDICTED_BY_LIMIT, "the limiting kernel").ifPresent(sentences::add);
    eigenvalueFinding().ifPresent(sentences::add);
    distanceFinding().ifPresent(sentences::add);
    gapFinding().ifPresent(sentences::add);
    return sentences;
  }

  private Optional<String> lossFinding() {
    List<TrainingLine> seen = with(TRAIN_LOSS);
    if (seen.size() < 2) {
      return Optional.empty();
    }
    TrainingLine last = seen.get(seen.size() - 1);
    return Optional.of(
        String.format(
            "By %s the training loss goes from %s to %s in %d steps (%s s).",
            descent(),
            Numbers.significant(value(seen.get(0), TRAIN_LOSS), 4),
            Numbers.significant(value(last, TRAIN_LOSS), 4),
            last.step() - seen.get(0).step(),
            Numbers.significant(last.seconds(), 3)));
  }

  private Optional<String> growthFinding() {
    List<TrainingLine> seen = with(loss());
    if (seen.size() < 2) {
      return Optional.empty();
    }
    double first = value(seen.get(0), loss());
    double last = value(seen.get(seen.size() - 1), loss());
    // The losses of single batches rise and fall.
    return loss() == TRAIN_LOSS && last > first
        ? Optional.of("The loss ends above its start: a lower --learning-rate is called for.")
        : Optional.empty();
  }

  private Optional<String> accuracyFinding() {
    List<TrainingLine> train = with(TRAIN_ACCURACY);
    if (train.isEmpty()) {
      return Optional.empty();
    }
    List<TrainingLine> test = with(TEST_ACCURACY);
    return Optional.of(
        String.format(
            "At the end the class of %s %% of the training samples%s is read from their outputs.",
            percent(train, TRAIN_ACCURACY),
            test.isEmpty()
                ? ""
                : " and " + percent(test, TEST_ACCURACY) + " % of the test samples"));
  }

  private static String percent(List<TrainingLine> seen, TrainingQuantity quantity) {
    return Numbers.significant(100 * value(seen.get(seen.size() - 1), quantity), 3);
  }

  private Optional<String> rateFinding() {
    List<TrainingLine> seen =
        with(RATE_BOUND).stream().filter(line -> has(line, TRAIN_LOSS)).toList();
    if (seen.isEmpty() || start.isEmpty()) {
      return Optional.empty();
    }
    String rate =
        String.format(
            "Theorem 3's rate, with λ₀ = %s of %s",
            Numbers.significant(start.get().rateEigenvalue(), 3), start.get().rateSource());
    // Both are the same number at the start, but for rounding.
    Optional<TrainingLine> exceeds =
        seen.stream()
            .filter(line -> line.step() > 0)
            .filter(line -> value(line, TRAIN_LOSS) > value(line, RATE_BOUND))
            .findFirst();
    String found =
        exceeds
            .map(
                line ->
                    String.format(
                        "The loss exceeds that of %s, at step %d for the first time",
                        rate, line.step()))
            .orElse("The loss stays below that of " + rate + ", at every step");
    return Optional.of(found + missingPremise(start.get().rateEigenvalue()) + ".");
  }

  /** The rate is that of kernels whose eigenvalues are λ₀ at least. */
  private String missingPremise(double rateEigenvalue) {
    return with(LEAST_EIGENVALUE).stream()
        .filter(
            line -> value(line, LEAST_EIGENVALUE) + value(line, EIGENVALUE_DOUBT) < rateEigenvalue)
        .min(Comparator.comparingDouble(line -> value(line, LEAST_EIGENVALUE)))
        .map(
            line ->
                String.format(
                    "; nothing assures that rate here, as λ_min of the network's kernel was below"
                        + " λ₀, down to %s at step %d",
                    Numbers.significant(value(line, LEAST_EIGENVALUE), 3), line.step()))
        .orElse("");
  }

  private Optional<String> predictionFinding(TrainingQuantity predicted, String what) {
    List<TrainingLine> seen =
        with(predicted).stream()
            .filter(line -> has(line, TRAIN_LOSS) && value(line, predicted) > 0)
            .toList();
    if (seen.isEmpty()) {
      return Optional.empty();
    }
    TrainingLine last = seen.get(seen.size() - 1);
    return Optional.of(
        String.format(
            "At step %d the loss differs from the one that %s predicts by %s, relatively; by"
                + " %s at most.",
            last.step(),
            what,
            Numbers.significant(difference(last, predicted), 3),
            Numbers.significant(
                seen.stream().mapToDouble(line -> difference(line, predicted)).max().orElseThrow(),
                3)));
  }

  /** |L − L'|/L', of the predicted loss L'. */
  static double difference(TrainingLine line, TrainingQuantity predicted) {
    double expected = value(line, predicted);
    return Math.abs(value(line, TRAIN_LOSS) - expected) / expected;
  }

  private Optional<String> eigenvalueFinding() {
    List<TrainingLine> seen = with(LEAST_EIGENVALUE);
    if (seen.isEmpty()) {
      return Optional.empty();
    }
    long positive =
        seen.stream().filter(l -> value(l, LEAST_EIGENVALUE) > value(l, EIGENVALUE_DOUBT)).count();
    double least = seen.stream().mapToDouble(l -> value(l, LEAST_EIGENVALUE)).min().orElseThrow();
    double greatest =
        seen.stream().mapToDouble(l -> value(l, LEAST_EIGENVALUE)).max().orElseThrow();
    double doubt = seen.stream().mapToDouble(l -> value(l, EIGENVALUE_DOUBT)).max().orElseThrow();
    return Optional.of(
        String.format(
            "The least eigenvalue of the tangent kernel lies between %s and %s, %s (rounding"
                + " leaves it uncertain by about %s); the kernel moves from its start by %s,"
                + " relatively.",
            Numbers.significant(least, 3),
            Numbers.significant(greatest, 3),
            positive == seen.size()
                ? seen.size() == 1 ? "positive" : "positive all " + seen.size() + " times"
                : String.format(
                    "told from 0 at %d of %d times only%s",
                    positive,
                    seen.size(),
                    configuration.machine().precision().single()
                        ? ", which --precision fp64 would mend"
                        : ""),
            Numbers.significant(doubt, 2),
            Numbers.significant(value(seen.get(seen.size() - 1), KERNEL_CHANGE), 3)));
  }

  private Optional<String> distanceFinding() {
    List<TrainingLine> seen = with(DISTANCE);
    if (seen.isEmpty()) {
      return Optional.empty();
    }
    TrainingLine last = seen.get(seen.size() - 1);
    List<String> parts = new ArrayList<>();
    Map.of("U", DISTANCE_U, "W", DISTANCE_W, "V", DISTANCE_V).entrySet().stream()
        .filter(e -> has(last, e.getValue()))
        .sorted(Map.Entry.comparingByValue())
        .forEach(
            e ->
                parts.add(e.getKey() + " by " + Numbers.significant(value(last, e.getValue()), 3)));
    return Optional.of(
        String.format(
            "At the end the parameters have moved by %s (%s); at most by %s.",
            Numbers.significant(value(last, DISTANCE), 4),
            String.join(", ", parts),
            Numbers.significant(
                seen.stream().mapToDouble(l -> value(l, DISTANCE)).max().orElseThrow(), 4)));
  }

  private Optional<String> gapFinding() {
    List<TrainingLine> seen = with(GRADIENT_GAP);
    if (seen.isEmpty()) {
      return Optional.empty();
    }
    TrainingLine first = seen.get(0);
    TrainingLine last = seen.get(seen.size() - 1);
    return Optional.of(
        String.format(
            "Between %s and %s the gap of the outputs goes from %s to %s, and that of the gradient"
                + " of the loss from %s to %s.",
            configuration.network().gradient(),
            configuration.watch().gapMethod(),
            Numbers.significant(value(first, OUTPUT_GAP), 3),
            Numbers.significant(value(last, OUTPUT_GAP), 3),
            Numbers.significant(value(first, GRADIENT_GAP), 3),
            Numbers.significant(value(last, GRADIENT_GAP), 3)));
  }

  /** Every quantity with its steps; the training loss also as a list of its own. */
  public ObjectNode json() {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode losses = root.putArray("trainLoss");
    with(TRAIN_LOSS).forEach(line -> losses.add(value(line, TRAIN_LOSS)));
    root.put("steps", lines.isEmpty() ? 0 : lines.get(lines.size() - 1).step());
    start.ifPresent(facts -> root.set("start", JSON.valueToTree(facts)));
    ObjectNode all = root.putObject("series");
    for (TrainingQuantity quantity : TrainingQuantity.values()) {
      if (seen(quantity)) {
        ObjectNode series = all.putObject(quantity.key());
        ArrayNode steps = series.putArray("steps");
        ArrayNode values = series.putArray("values");
        for (TrainingLine line : with(quantity)) {
          steps.add(line.step());
          values.add(value(line, quantity));
        }
      }
    }
    if (!lines.isEmpty()) {
      root.put("seconds", lines.get(lines.size() - 1).seconds());
    }
    ArrayNode sentences = root.putArray("findings");
    findings().forEach(sentences::add);
    return root;
  }

  /** Writes CSV, SVG and {@code report.html} into the run directory. */
  public void write(RunDirectory directory) {
    AtomicFile.write(directory.file("training.csv"), table("All lines.", lines).toCsv());
    HtmlReport report =
        HtmlReport.titled("Training of a Neural ODE", subject() + "; " + manifest.run());
    for (String finding : findings()) {
      report = report.finding(finding);
    }
    Section section = Section.of("What was watched");
    for (Map.Entry<String, Figure> entry : figures().entrySet()) {
      Figure figure = entry.getValue();
      AtomicFile.write(directory.file(entry.getKey() + ".svg"), figure.plot().toSvg());
      section = section.figure(figure.plot(), figure.caption());
    }
    ObjectNode provenance = JSON.valueToTree(manifest);
    provenance.remove("configuration");
    report =
        report
            .with(section.table(table()))
            .details("Configuration", JSON.valueToTree(configuration))
            .details("At the start", JSON.valueToTree(start.orElse(null)))
            .details("Provenance", provenance);
    AtomicFile.write(directory.file("report.html"), report.toHtml());
  }

  private record Figure(Plot plot, String caption) {}

  private Map<String, Figure> figures() {
    Map<String, Figure> figures = new LinkedHashMap<>();
    put(
        figures,
        "loss",
        plot(
            "Loss",
            Axis.log("loss " + configuration.descent().loss().formula()),
            List.of(
                loss(), TRAIN_LOSS, TEST_LOSS, PREDICTED_BY_START, PREDICTED_BY_LIMIT, RATE_BOUND)),
        "Training and test loss; what descent in the tangent kernel at the start and in the limiting"
            + " one predicts; and Theorem 3's rate: what is left of the first loss in a fixed kernel"
            + " whose eigenvalues are λ₀ at least.");
    put(
        figures,
        "accuracy",
        plot(
            "Accuracy",
            Axis.linear("share of samples").including(1),
            List.of(TRAIN_ACCURACY, TEST_ACCURACY)),
        "The share of samples whose class is read from the network's outputs.");
    put(
        figures,
        "least-eigenvalue",
        plot("Least eigenvalue of the tangent kernel", leastAxis(), List.of(LEAST_EIGENVALUE)),
        "λ_min of the empirical tangent kernel"
            + start.map(s -> s.kernel() == null ? "" : ", " + s.kernel()).orElse("")
            + "; bars are what rounding leaves uncertain.");
    put(
        figures,
        "greatest-eigenvalue",
        plot(
            "Greatest eigenvalue of the tangent kernel",
            Axis.linear("λ_max"),
            List.of(GREATEST_EIGENVALUE)),
        "λ_max of the same kernel: descent diverges at learning rates above 2/λ_max.");
    put(
        figures,
        "distance",
        plot(
            "Distance of the parameters from their start",
            Axis.linear("‖θ − θ₀‖ (Frobenius)").including(0),
            List.of(DISTANCE, DISTANCE_U, DISTANCE_W, DISTANCE_V)),
        "How far the parameters that are trained have moved, each block and all together.");
    put(
        figures,
        "kernel-change",
        plot(
            "Change of the tangent kernel",
            Axis.linear("‖K − K₀‖ / ‖K₀‖").including(0),
            List.of(KERNEL_CHANGE)),
        "The relative Frobenius distance of the tangent kernel from the one at the start.");
    put(
        figures,
        "gap",
        plot(
            "Gap between two gradient methods",
            Axis.log("relative difference"),
            List.of(OUTPUT_GAP, GRADIENT_GAP)),
        String.format(
            "At the same parameters, %s against %s: outputs, and the gradient of the loss.",
            configuration.network().gradient(), configuration.watch().gapMethod()));
    return figures;
  }

  private static void put(
      Map<String, Figure> figures, String name, Optional<Plot> plot, String caption) {
    plot.ifPresent(p -> figures.put(name, new Figure(p, caption)));
  }

  private Axis leastAxis() {
    return with(LEAST_EIGENVALUE).stream().allMatch(l -> value(l, LEAST_EIGENVALUE) > 0)
        ? Axis.log("λ_min")
        : Axis.linear("λ_min").including(0);
  }

  private Optional<Plot> plot(String title, Axis y, List<TrainingQuantity> quantities) {
    Plot plot = Plot.of(title, Axis.linear("step"), y).subtitle(subject());
    List<TrainingQuantity> drawn = new ArrayList<>();
    for (TrainingQuantity quantity : quantities) {
      List<TrainingLine> seen = with(quantity);
      if (seen.size() > 1 && !drawn.contains(quantity)) {
        drawn.add(quantity);
        plot = plot.with(series(quantity, seen));
      }
    }
    return drawn.isEmpty() ? Optional.empty() : Optional.of(plot);
  }

  private static Series series(TrainingQuantity quantity, List<TrainingLine> seen) {
    int step = Math.max(1, seen.size() / MOST_POINTS);
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      if (i % step == 0 || i == seen.size() - 1) {
        points.add(point(quantity, seen.get(i)));
      }
    }
    String name = step == 1 ? quantity.label() : quantity.label() + " (1 of " + step + " drawn)";
    return seen.size() <= 2 * MOST_ROWS ? Series.joined(name, points) : Series.line(name, points);
  }

  private static Point point(TrainingQuantity quantity, TrainingLine line) {
    double value = value(line, quantity);
    return quantity == LEAST_EIGENVALUE
        ? Point.withError((double) line.step(), value, value(line, EIGENVALUE_DOUBT))
        : new Point((double) line.step(), value);
  }
}
