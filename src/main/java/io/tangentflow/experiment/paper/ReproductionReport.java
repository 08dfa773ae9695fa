package io.tangentflow.experiment.paper;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.experiment.Places;
import io.tangentflow.report.Cell;
import io.tangentflow.report.HtmlReport;
import io.tangentflow.report.Json;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Section;
import io.tangentflow.report.Table;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the results of a reproduction say: a verdict for each claim, and the figures. */
public final class ReproductionReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Manifest manifest;
  private final Reproduction reproduction;
  private final Places places;
  private final Map<PaperFigure, Findings> finished = new LinkedHashMap<>();
  private final List<String> unfinished = new ArrayList<>();

  private ReproductionReport(Manifest manifest, Reproduction reproduction, Results results) {
    this.manifest = manifest;
    this.reproduction = reproduction;
    this.places = results.places();
    for (PaperFigure figure : reproduction.chosen()) {
      List<Task> tasks = figure.tasks(reproduction);
      long done = tasks.stream().filter(results::has).count();
      if (done == tasks.size()) {
        finished.put(figure, figure.findings(reproduction, results));
      } else {
        unfinished.add(
            String.format(
                "%s: only %d of %d computations are finished; 'resume' does the others.",
                figure.name(), done, tasks.size()));
      }
    }
  }

  /** Reads a run's results. */
  public static ReproductionReport of(RunDirectory directory) {
    return new ReproductionReport(
        directory.manifest(), directory.configuration(Reproduction.class), Results.of(directory));
  }

  /** Whether no figure is finished. */
  public boolean isEmpty() {
    return finished.isEmpty();
  }

  private List<Verdict> verdicts() {
    return finished.values().stream().flatMap(f -> f.verdicts().stream()).toList();
  }

  /** One row for each claim. */
  public Table table() {
    Table table =
        Table.of(
            String.format("The paper's claims, scale %s:", reproduction.scale()),
            Table.Column.left("figure"),
            Table.Column.left("claim"),
            Table.Column.right("value"),
            Table.Column.right("95 % interval"),
            Table.Column.left("verdict"));
    for (Verdict verdict : verdicts()) {
      Estimate number = verdict.number();
      table =
          table.row(
              Cell.of(verdict.figure()),
              Cell.of(verdict.claim()),
              Double.isNaN(number.value()) ? Cell.of("–") : Cell.of(number.value(), 3),
              Cell.of(interval(number)),
              Cell.of(verdict.outcome().toString()));
    }
    return table;
  }

  private static String interval(Estimate number) {
    if (number.low() == number.high()) {
      return "exact";
    }
    return Double.isInfinite(number.low()) || Double.isInfinite(number.high())
        ? "not known"
        : Numbers.significant(number.low(), 3) + " … " + Numbers.significant(number.high(), 3);
  }

  /** Statistic by statistic, in full. */
  private Table statistics() {
    Table table =
        Table.of(
            "What each verdict rests on: agrees where the whole interval lies in the claim's range,"
                + " disagrees where no part of it does, else inconclusive.",
            Table.Column.left("figure"),
            Table.Column.left("statistic"),
            Table.Column.right("value"),
            Table.Column.right("low"),
            Table.Column.right("high"),
            Table.Column.left("verdict"));
    for (Verdict verdict : verdicts()) {
      table =
          table.row(
              Cell.of(verdict.figure()),
              Cell.of(verdict.statistic()),
              Cell.of(verdict.number().value(), 4),
              Cell.of(verdict.number().low(), 4),
              Cell.of(verdict.number().high(), 4),
              Cell.of(verdict.outcome().toString()));
    }
    return table;
  }

  /** Counts of verdicts, what explains them, and what is missing. */
  public List<String> sentences() {
    List<String> sentences = new ArrayList<>();
    List<Verdict> verdicts = verdicts();
    sentences.add(
        String.format(
            "Verdicts: %d (agrees %d, disagrees %d, inconclusive %d).",
            verdicts.size(),
            count(verdicts, Verdict.Outcome.AGREES),
            count(verdicts, Verdict.Outcome.DISAGREES),
            count(verdicts, Verdict.Outcome.INCONCLUSIVE)));
    sentences.addAll(unfinished);
    return sentences;
  }

  private static long count(List<Verdict> verdicts, Verdict.Outcome outcome) {
    return verdicts.stream().filter(v -> v.outcome() == outcome).count();
  }

  /** The verdicts, in the order of the figures. */
  public ArrayNode json() {
    ArrayNode list = JSON.createArrayNode();
    verdicts().forEach(verdict -> verdict.put(list.addObject()));
    return list;
  }

  /** Writes CSV, JSON, SVG and {@code report.html} into the run directory. */
  public void write(RunDirectory directory) {
    HtmlReport report =
        HtmlReport.titled(
            "Global convergence in Neural ODEs: the paper's figures",
            "scale " + reproduction.scale() + "; " + manifest.run());
    for (String sentence : sentences()) {
      report = report.finding(sentence);
    }
    for (Verdict verdict : verdicts()) {
      if (verdict.outcome() == Verdict.Outcome.DISAGREES) {
        report = report.finding("What disagrees: " + sentence(verdict));
      }
    }
    report = report.with(Section.of("Verdicts").table(table()));
    for (Map.Entry<PaperFigure, Findings> each : finished.entrySet()) {
      report = report.with(section(each.getKey(), each.getValue(), directory));
    }
    report =
        report
            .with(Section.of("Statistics").table(statistics()))
            .with(Section.of("Computations").table(places.table()))
            .details("Configuration", manifest.configuration())
            .details("Provenance", provenance());
    AtomicFile.write(directory.file("verdicts.csv"), statistics().toCsv());
    AtomicFile.write(directory.file("verdicts.json"), Json.text(json()) + "\n");
    AtomicFile.write(directory.file("report.html"), report.toHtml());
  }

  private Section section(PaperFigure figure, Findings findings, RunDirectory directory) {
    Section section =
        Section.of("Figure " + figure.name().replace("fig", "") + ": " + figure.title());
    for (String sentence : figure.choices(reproduction)) {
      section = section.paragraph(sentence);
    }
    for (Findings.Panel panel : findings.panels()) {
      AtomicFile.write(directory.file("fig" + panel.name() + ".svg"), panel.plot().toSvg());
      section =
          section.figure(
              panel.plot(), "Figure " + panel.name() + " of the paper: " + panel.caption());
    }
    for (Verdict verdict : findings.verdicts()) {
      section = section.paragraph(sentence(verdict));
    }
    for (String remark : findings.remarks()) {
      section = section.paragraph(remark);
    }
    int tables = 0;
    for (Table table : findings.tables()) {
      tables++;
      String number = findings.tables().size() == 1 ? "" : "-" + tables;
      AtomicFile.write(directory.file(figure.name() + number + ".csv"), table.toCsv());
      section = section.table(table);
    }
    return section;
  }

  private static String sentence(Verdict verdict) {
    return String.format(
        "%s: %s %s: %s: %s (%s).",
        verdict.figure(),
        verdict.claim(),
        verdict.outcome().toString().toUpperCase(Locale.ROOT),
        verdict.statistic(),
        Numbers.significant(verdict.number().value(), 3),
        interval(verdict.number()));
  }

  private ObjectNode provenance() {
    ObjectNode tree = JSON.valueToTree(manifest);
    tree.remove("configuration");
    return tree;
  }
}
