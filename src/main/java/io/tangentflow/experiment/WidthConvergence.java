package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.kernel.limit.LimitDoubt;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.HtmlReport;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.ReferenceLine;
import io.tangentflow.report.Section;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import io.tangentflow.sweep.CellResult;
import io.tangentflow.sweep.LimitSummary;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.Sweep;
import io.tangentflow.sweep.SweepConfiguration;
import io.tangentflow.sweep.SweepResults;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * What the results of a sweep say about the convergence of the empirical tangent kernel in the
 * width: tables, plots, and the exponent of n in ‖K_n − K_∞‖/‖K_∞‖ by least squares on logarithms
 * over all networks, with Student's 95 % confidence interval. The theory has −1/2 for one network.
 */
public final class WidthConvergence {

  /** Ratio of least eigenvalues beyond which the smaller would lie on a linear axis's zero. */
  private static final double LINEAR_RATIO = 30;

  /** Findings of more kinds of networks do not sum up. */
  private static final int MOST_SUMMARISED = 3;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Manifest manifest;
  private final SweepConfiguration configuration;
  private final List<Family> families;

  private WidthConvergence(
      Manifest manifest, SweepConfiguration configuration, List<Family> families) {
    this.manifest = manifest;
    this.configuration = configuration;
    this.families = families;
  }

  /** Networks that differ in width and seed only. */
  private record Family(
      String name,
      Map<Integer, List<CellResult>> byWidth,
      LimitSummary limit,
      Optional<PowerLaw> fit) {}

  /**
   * What FP32 costs a family.
   *
   * @param relativeDifference ε, the largest relative Frobenius difference from FP64 that was
   *     measured: on a few samples of one network of each width, so a network may have more
   * @param leastEigenvalueUncertainty ε λ_max with the largest λ_max: by Weyl's inequality no
   *     eigenvalue moves by more than the difference's spectral norm, which is at most ε‖K‖_F, and
   *     ‖K‖_F is about λ_max where one eigenvalue is far above the rest
   */
  private record PrecisionEffect(double relativeDifference, double leastEigenvalueUncertainty) {}

  /** Reads a run's results; it has at least one. */
  public static WidthConvergence of(RunDirectory directory) {
    SweepResults sweep = new SweepResults(directory);
    Map<String, List<CellResult>> byFamily = new LinkedHashMap<>();
    // Of a cluster the cells finish in any order; the report does not depend on it.
    Map<io.tangentflow.sweep.Cell, CellResult> finished =
        sweep.cells().stream().collect(Collectors.toMap(CellResult::cell, Function.identity()));
    for (CellResult result :
        sweep.configuration().cells().stream()
            .map(finished::get)
            .filter(Objects::nonNull)
            .toList()) {
      io.tangentflow.sweep.Cell cell = result.cell();
      String name =
          cell.activation()
              + ", "
              + cell.depth()
              + " "
              + cell.solver()
              + " step"
              + (cell.depth() == 1 ? "" : "s");
      byFamily.computeIfAbsent(name, key -> new ArrayList<>()).add(result);
    }
    List<Family> families = new ArrayList<>();
    byFamily.forEach(
        (name, results) -> {
          Map<Integer, List<CellResult>> byWidth = new TreeMap<>();
          results.stream()
              .sorted(Comparator.comparingLong(r -> r.cell().seed()))
              .forEach(
                  r -> byWidth.computeIfAbsent(r.cell().width(), w -> new ArrayList<>()).add(r));
          String limitName = Sweep.limitName(results.get(0).cell());
          LimitSummary limit =
              sweep
                  .limit(limitName)
                  .orElseThrow(
                      () ->
                          new DataFormat(
                              directory.path(),
                              "the limiting kernel " + limitName + " of its results is missing",
                              null));
          families.add(new Family(name, byWidth, limit, fit(results)));
        });
    return new WidthConvergence(directory.manifest(), sweep.configuration(), families);
  }

  /** The findings, one sentence each: on all networks, then on each kind. */
  public List<String> findings() {
    List<String> sentences = new ArrayList<>(overview());
    families.forEach(family -> sentences.addAll(findings(family)));
    return sentences;
  }

  private List<String> overview() {
    List<String> sentences = new ArrayList<>();
    if (finished() < planned()) {
      sentences.add(
          String.format(
              "Only %d of %d networks are finished; 'resume' computes the others.",
              finished(), planned()));
    }
    ratesFinding().ifPresent(sentences::add);
    if (families.size() > 1) {
      sentences.add("All together: " + leastEigenvalues(families) + ".");
    }
    return sentences;
  }

  /** The exponents of all families together, if several have one. */
  private Optional<String> ratesFinding() {
    List<PowerLaw> fits = families.stream().flatMap(family -> family.fit().stream()).toList();
    if (fits.size() < 2) {
      return Optional.empty();
    }
    DoubleSummaryStatistics slopes = fits.stream().mapToDouble(PowerLaw::slope).summaryStatistics();
    long asInTheory = fits.stream().filter(f -> f.low() <= -0.5 && -0.5 <= f.high()).count();
    return Optional.of(
        String.format(
            "Over %d kinds of networks the exponent of n in the relative error lies between %s and"
                + " %s; the theory's −1/2 is in the 95 %% confidence interval of %d of them.",
            fits.size(),
            Numbers.significant(slopes.getMin(), 3),
            Numbers.significant(slopes.getMax(), 3),
            asInTheory));
  }

  private List<String> findings(Family family) {
    List<String> sentences = new ArrayList<>();
    sentences.add(
        family
            .fit()
            .map(
                fit ->
                    String.format(
                        "%s: the relative error of one network's tangent kernel %s like"
                            + " n^%s (95 %% confidence interval %s … %s; theory −1/2).",
                        family.name(),
                        fit.slope() < 0 ? "falls" : "grows",
                        Numbers.significant(fit.slope(), 3),
                        Numbers.significant(fit.low(), 3),
                        Numbers.significant(fit.high(), 3)))
            .orElse(family.name() + ": a rate needs at least two widths and three networks."));
    LimitSummary limit = family.limit();
    LimitDoubt.of(limit.ntkError(), limit.largestEntry())
        .ifPresent(doubt -> sentences.add(family.name() + ": " + doubt + "."));
    sentences.add(leastEigenvalueFinding(family));
    precisionFinding(family).ifPresent(sentences::add);
    return sentences;
  }

  private int planned() {
    return configuration.cells().size();
  }

  private int finished() {
    return families.stream()
        .flatMap(family -> family.byWidth().values().stream())
        .mapToInt(List::size)
        .sum();
  }

  /** One row per family and width. */
  public Table table() {
    Table table =
        Table.of(
            "Empirical against limiting tangent kernel: mean over seeds ± standard error.",
            Table.Column.left("networks"),
            Table.Column.right("width"),
            Table.Column.right("seeds"),
            Table.Column.right("relative error"),
            Table.Column.right("λ_min"),
            Table.Column.right("λ_min of the limit"));
    for (Family family : families) {
      for (Map.Entry<Integer, List<CellResult>> entry : family.byWidth().entrySet()) {
        table =
            table.row(
                Cell.of(family.name()),
                Cell.of(entry.getKey()),
                Cell.of(entry.getValue().size()),
                mean(entry.getValue(), CellResult::relativeError),
                mean(entry.getValue(), CellResult::leastEigenvalue),
                Cell.of(family.limit().leastEigenvalue(), 4));
      }
    }
    return table;
  }

  /** One row per network, with exact values in CSV. */
  public Table networks() {
    Table table =
        Table.of(
            "All networks.",
            Table.Column.left("networks"),
            Table.Column.right("width"),
            Table.Column.right("seed"),
            Table.Column.right("relative error"),
            Table.Column.right("λ_min"),
            Table.Column.right("λ_max"),
            Table.Column.left("Gram"),
            Table.Column.right("MiB"),
            Table.Column.right("seconds"),
            Table.Column.left("executor"));
    for (Family family : families) {
      for (List<CellResult> results : family.byWidth().values()) {
        for (CellResult r : results) {
          table =
              table.row(
                  Cell.of(family.name()),
                  Cell.of(r.cell().width()),
                  Cell.of(r.cell().seed()),
                  Cell.of(r.relativeError(), 4),
                  Cell.of(r.leastEigenvalue(), 4),
                  Cell.of(r.greatestEigenvalue(), 4),
                  Cell.of(r.gram()),
                  Cell.of(r.peakBytes() / (double) (1 << 20), 3),
                  Cell.of(r.seconds(), 3),
                  Cell.of(r.place().process()));
        }
      }
    }
    return table;
  }

  private Places places() {
    Places places = new Places("networks");
    for (Family family : families) {
      family.byWidth().values().stream()
          .flatMap(List::stream)
          .forEach(result -> places.add(result.place(), 1, result.seconds()));
    }
    return places;
  }

  /** The same as one JSON object. */
  public ObjectNode json() {
    ObjectNode root = JSON.createObjectNode();
    root.put("networks", planned()).put("finished", finished());
    root.set("places", places().json());
    ArrayNode list = root.putArray("families");
    for (Family family : families) {
      ObjectNode node = list.addObject();
      node.put("name", family.name());
      family
          .fit()
          .ifPresent(
              fit ->
                  node.putObject("rate")
                      .put("slope", fit.slope())
                      .put("low", fit.low())
                      .put("high", fit.high())
                      .put("confidence", PowerLaw.CONFIDENCE));
      node.set("limit", JSON.valueToTree(family.limit()));
      precisionEffect(family)
          .ifPresent(
              effect ->
                  node.putObject("fp32")
                      .put("relativeDifference", effect.relativeDifference())
                      .put("leastEigenvalueUncertainty", effect.leastEigenvalueUncertainty()));
      ArrayNode widths = node.putArray("widths");
      family
          .byWidth()
          .forEach(
              (width, results) -> {
                SummaryStatistics error = statistics(results, CellResult::relativeError);
                SummaryStatistics least = statistics(results, CellResult::leastEigenvalue);
                ObjectNode row = widths.addObject().put("width", width);
                row.put("seeds", results.size()).put("relativeError", error.getMean());
                standardError(error).ifPresent(se -> row.put("relativeErrorError", se));
                row.put("leastEigenvalue", least.getMean());
                standardError(least).ifPresent(se -> row.put("leastEigenvalueError", se));
              });
    }
    return root;
  }

  /** Writes CSV, SVG and {@code report.html} into the run directory. */
  public void write(RunDirectory directory) {
    Plot error = errorPlot();
    Plot least = leastEigenvaluePlot();
    AtomicFile.write(directory.file("summary.csv"), table().toCsv());
    AtomicFile.write(directory.file("networks.csv"), networks().toCsv());
    AtomicFile.write(directory.file("relative-error.svg"), error.toSvg());
    AtomicFile.write(directory.file("least-eigenvalue.svg"), least.toSvg());
    HtmlReport report =
        HtmlReport.titled(
            "Convergence of the neural tangent kernel in the width",
            data() + "; " + manifest.run());
    boolean many = families.size() > MOST_SUMMARISED;
    for (String finding : many ? overview() : findings()) {
      report = report.finding(finding);
    }
    report =
        report.with(
            Section.of("Convergence")
                .figure(
                    error,
                    "Relative Frobenius distance of a network's tangent kernel to the limiting"
                        + " one, ‖K − K∞‖/‖K∞‖; mean over seeds ± standard error, and the fit"
                        + " over all networks with its 95 % band.")
                .figure(
                    least,
                    "Least eigenvalue of the Gram matrix; mean over seeds ± standard error."
                        + " The horizontal line is that of the limiting kernel.")
                .table(table()));
    if (many) {
      Section each = Section.of("Each kind of networks");
      for (String finding : families.stream().flatMap(f -> findings(f).stream()).toList()) {
        each = each.paragraph(finding);
      }
      report = report.with(each);
    }
    report =
        report
            .with(Section.of("All networks").table(networks()).table(places().table()))
            .details("Configuration", manifest.configuration())
            .details("Limiting kernels", limitsTree())
            .details("Provenance", provenanceTree());
    AtomicFile.write(directory.file("report.html"), report.toHtml());
  }

  private Plot errorPlot() {
    Plot plot =
        Plot.of(
                "Empirical tangent kernel against its infinite-width limit",
                Axis.log("width n").labelledByData(),
                Axis.log("relative error ‖K − K∞‖ / ‖K∞‖"))
            .subtitle(subtitle());
    for (Family family : families) {
      Series series = Series.points(family.name(), points(family, CellResult::relativeError));
      if (family.fit().isPresent()) {
        PowerLaw fit = family.fit().get();
        String slope = "slope " + Numbers.withError(fit.slope(), fit.halfWidth());
        List<Integer> widths = new ArrayList<>(family.byWidth().keySet());
        series =
            series.fittedBy(
                slope + " (95 %)", fit.curve(widths.get(0), widths.get(widths.size() - 1)));
      }
      plot = plot.with(series);
    }
    return plot;
  }

  private Plot leastEigenvaluePlot() {
    Plot plot =
        Plot.of(
                "Least eigenvalue of the empirical tangent kernel",
                Axis.log("width n").labelledByData(),
                leastEigenvalueAxis())
            .subtitle(subtitle());
    for (Family family : families) {
      plot = plot.with(Series.joined(family.name(), points(family, CellResult::leastEigenvalue)));
    }
    for (LimitSummary limit : limits()) {
      plot = plot.with(new ReferenceLine("limit of " + limit.label(), limit.leastEigenvalue()));
    }
    return plot;
  }

  private Axis leastEigenvalueAxis() {
    String label = "λ_min(K)";
    DoubleSummaryStatistics drawn =
        DoubleStream.concat(
                families.stream()
                    .flatMap(family -> points(family, CellResult::leastEigenvalue).stream())
                    .mapToDouble(Point::y),
                limits().stream().mapToDouble(LimitSummary::leastEigenvalue))
            .summaryStatistics();
    return drawn.getMin() > 0 && drawn.getMax() > LINEAR_RATIO * drawn.getMin()
        ? Axis.log(label)
        : Axis.linear(label).including(0);
  }

  private String data() {
    return String.format(
        "%s, %d samples, T = %s",
        configuration.data(), configuration.samples(), Numbers.shortest(configuration.horizon()));
  }

  private String subtitle() {
    return String.format(
        "%s; %d seed%s, %s",
        data(),
        configuration.seeds().size(),
        configuration.seeds().size() == 1 ? "" : "s, mean ± standard error",
        configuration.precision());
  }

  private static List<Point> points(Family family, ToDoubleFunction<CellResult> quantity) {
    List<Point> points = new ArrayList<>();
    family
        .byWidth()
        .forEach(
            (width, results) -> {
              SummaryStatistics s = statistics(results, quantity);
              points.add(
                  standardError(s)
                      .map(se -> Point.withError(width, s.getMean(), se))
                      .orElseGet(() -> new Point(width, s.getMean())));
            });
    return points;
  }

  private static Optional<PowerLaw> fit(List<CellResult> results) {
    return PowerLaw.through(
        results.stream().map(r -> new Point(r.cell().width(), r.relativeError())).toList());
  }

  private static String leastEigenvalueFinding(Family family) {
    LimitSummary limit = family.limit();
    return family.name()
        + ": "
        + leastEigenvalues(List.of(family))
        + "; the limit has "
        + Numbers.significant(limit.leastEigenvalue(), 3)
        + (Math.abs(limit.leastEigenvalue()) <= limit.leastEigenvalueError()
            ? ", which cannot be told from 0"
            : "")
        + ".";
  }

  /**
   * Calls a kernel positive definite only where its least eigenvalue exceeds its uncertainty:
   * rounding is measured where it was, and bounded where it was not.
   */
  private static String leastEigenvalues(List<Family> families) {
    double least = Double.POSITIVE_INFINITY;
    double uncertainty = 0;
    long negative = 0;
    long unresolved = 0;
    long networks = 0;
    for (Family family : families) {
      Optional<PrecisionEffect> measured = precisionEffect(family);
      for (List<CellResult> results : family.byWidth().values()) {
        for (CellResult r : results) {
          double rounding =
              measured.map(PrecisionEffect::leastEigenvalueUncertainty).orElseGet(r::roundingBound);
          double doubt = r.leastEigenvalueError() + rounding;
          least = Math.min(least, r.leastEigenvalue());
          uncertainty = Math.max(uncertainty, doubt);
          negative += r.leastEigenvalue() < -doubt ? 1 : 0;
          unresolved += Math.abs(r.leastEigenvalue()) <= doubt ? 1 : 0;
          networks++;
        }
      }
    }
    List<String> clauses = new ArrayList<>();
    if (negative > 0) {
      clauses.add(
          String.format(
              "%d of %d tangent kernels have a least eigenvalue ≤ 0 (down to %s)",
              negative, networks, Numbers.significant(least, 3)));
    }
    if (unresolved > 0) {
      clauses.add(
          String.format(
              "%d of %d tangent kernels have a least eigenvalue that cannot be told from 0 (the"
                  + " least is %s, each uncertain by up to %s)",
              unresolved,
              networks,
              Numbers.significant(least, 3),
              Numbers.significant(uncertainty, 2)));
    }
    if (clauses.isEmpty()) {
      clauses.add(
          String.format(
              "%s positive definite, λ_min at least %s",
              networks == 1
                  ? "its one tangent kernel is"
                  : "every one of " + networks + " tangent kernels is",
              Numbers.significant(least, 3)));
    }
    return String.join("; ", clauses);
  }

  private static Optional<PrecisionEffect> precisionEffect(Family family) {
    List<CellResult> results = family.byWidth().values().stream().flatMap(List::stream).toList();
    double greatest =
        results.stream().mapToDouble(CellResult::greatestEigenvalue).max().orElseThrow();
    return results.stream()
        .map(CellResult::precisionError)
        .filter(Objects::nonNull)
        .max(Comparator.naturalOrder())
        .map(error -> new PrecisionEffect(error, error * greatest));
  }

  private Optional<String> precisionFinding(Family family) {
    if (configuration.precision() == Precision.FP64) {
      return Optional.empty();
    }
    List<Integer> unchecked =
        family.byWidth().entrySet().stream()
            .filter(e -> e.getValue().stream().allMatch(r -> r.precisionError() == null))
            .map(Map.Entry::getKey)
            .toList();
    String gap =
        unchecked.isEmpty()
            ? ""
            : " Not checked, since fp64 does not fit into memory or the network is yet to come:"
                + " width "
                + unchecked.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + ".";
    return Optional.of(
        precisionEffect(family)
                .map(effect -> precisionSentence(family, effect))
                .orElse(
                    family.name()
                        + ": the difference of "
                        + precisionName()
                        + " from FP64 is not known; what the rounding of products can do to an"
                        + " eigenvalue is held against each λ_min instead.")
            + gap);
  }

  private String precisionName() {
    return configuration.precision().name();
  }

  private String precisionSentence(Family family, PrecisionEffect effect) {
    double least =
        family.byWidth().values().stream()
            .flatMap(List::stream)
            .mapToDouble(CellResult::leastEigenvalue)
            .min()
            .orElseThrow();
    return String.format(
        "%s: %s differs from FP64 by %s, relatively (the most of one network of each width, on"
            + " its first samples), so each λ_min is uncertain by about %s (that times λ_max)%s.",
        family.name(),
        precisionName(),
        Numbers.significant(effect.relativeDifference(), 2),
        Numbers.significant(effect.leastEigenvalueUncertainty(), 2),
        effect.leastEigenvalueUncertainty() < least
            ? ""
            : ", no less than the least of them: --precision fp64 would resolve it");
  }

  private JsonNode limitsTree() {
    ArrayNode list = JSON.createArrayNode();
    limits().forEach(limit -> list.add(JSON.valueToTree(limit)));
    return list;
  }

  /** Each limiting kernel once, though families that differ in the solver's steps share one. */
  private Set<LimitSummary> limits() {
    Set<LimitSummary> limits = new LinkedHashSet<>();
    families.forEach(family -> limits.add(family.limit()));
    return limits;
  }

  private JsonNode provenanceTree() {
    ObjectNode tree = JSON.valueToTree(manifest);
    tree.remove("configuration");
    return tree;
  }

  private static Cell mean(List<CellResult> results, ToDoubleFunction<CellResult> quantity) {
    SummaryStatistics s = statistics(results, quantity);
    return standardError(s)
        .map(se -> Cell.measured(s.getMean(), se))
        .orElseGet(() -> Cell.of(s.getMean(), 4));
  }

  private static SummaryStatistics statistics(
      List<CellResult> results, ToDoubleFunction<CellResult> quantity) {
    SummaryStatistics s = new SummaryStatistics();
    results.forEach(r -> s.addValue(quantity.applyAsDouble(r)));
    return s;
  }

  /** Empty for a single value, which has no spread. */
  private static Optional<Double> standardError(SummaryStatistics s) {
    return s.getN() < 2
        ? Optional.empty()
        : Optional.of(s.getStandardDeviation() / Math.sqrt((double) s.getN()));
  }
}
