package io.tangentflow.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.benchmarks.result.Comparison;
import io.tangentflow.benchmarks.result.Measurement;
import io.tangentflow.benchmarks.result.Ratio;
import io.tangentflow.benchmarks.result.ResultFile;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.commons.math3.stat.StatUtils;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares two files of results. */
@Command(
    name = Compare.NAME,
    mixinStandardHelpOptions = true,
    description = {
      "How many times as long each benchmark takes as before, with a 95 %% confidence interval across"
          + " forks, from two files that JMH wrote with -rf json.",
      "One in twenty intervals misses the truth: of many benchmarks some seem to differ that do not."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:something is slower than --fail-above allows",
      "2:an option is not possible, or the runs do not compare",
      "3:a file is not what JMH writes"
    })
public final class Compare implements Callable<Integer> {

  static final String NAME = "compare";
  private static final int SLOWER = 1;

  @Spec private CommandSpec command;

  @Parameters(index = "0", paramLabel = "BEFORE", description = "Results of the code as it was.")
  private Path before;

  @Parameters(index = "1", paramLabel = "AFTER", description = "Results of the code as it is.")
  private Path after;

  @Option(
      names = "--fail-above",
      paramLabel = "RATIO",
      description = "Exit code 1 if the interval of a benchmark lies above this ratio, like 1.05.")
  private Double failAbove;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  /** Runs the command. */
  public static void main(String[] arguments) {
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    System.exit(
        run(
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8),
            arguments));
  }

  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    return new CommandLine(new Compare())
        .setOut(out)
        .setErr(err)
        .setUsageHelpAutoWidth(true)
        .setExecutionExceptionHandler(
            (e, line, parsed) -> {
              if (e instanceof TangentFlowException foreseen) {
                err.println(NAME + ": " + foreseen.getMessage());
                return foreseen.exitCode();
              }
              throw e;
            })
        .execute(arguments);
  }

  @Override
  public Integer call() {
    if (failAbove != null && !(failAbove > 0 && Double.isFinite(failAbove))) {
      throw new InvalidConfiguration("--fail-above", "must be a positive number, not " + failAbove);
    }
    Comparison comparison = Comparison.of(ResultFile.read(before), ResultFile.read(after));
    if (comparison.pairs().isEmpty()) {
      throw new InvalidConfiguration("AFTER", "has no benchmark that BEFORE has");
    }
    PrintWriter out = command.commandLine().getOut();
    out.print(json ? json(comparison) + "\n" : text(comparison));
    out.flush();
    return comparison.pairs().stream().anyMatch(this::fails) ? SLOWER : 0;
  }

  private boolean fails(Comparison.Pair pair) {
    return failAbove != null && pair.ratio().filter(r -> r.above(failAbove)).isPresent();
  }

  private String text(Comparison comparison) {
    Table table =
        Table.of(
            "Times after over those before, with 95 % confidence intervals:",
            Table.Column.left("benchmark"),
            Table.Column.right("before"),
            Table.Column.right("after"),
            Table.Column.left("unit"),
            Table.Column.right("ratio"),
            Table.Column.left("interval"),
            Table.Column.left("verdict"));
    for (Comparison.Pair pair : comparison.pairs()) {
      table =
          table.row(
              Cell.of(pair.before().label()),
              Cell.of(mean(pair.before()), 4),
              Cell.of(mean(pair.after()), 4),
              Cell.of(pair.before().unit()),
              pair.ratio().map(r -> Cell.of(r.value(), 4)).orElse(Cell.of("–")),
              Cell.of(pair.ratio().map(Compare::interval).orElse("–")),
              Cell.of(verdict(pair)));
    }
    StringBuilder text = new StringBuilder(table.toText());
    append(text, "Only before:", comparison.onlyBefore().stream().map(Measurement::label).toList());
    append(text, "Only after:", comparison.onlyAfter().stream().map(Measurement::label).toList());
    append(text, "", comparison.remarks());
    return text.toString();
  }

  private String verdict(Comparison.Pair pair) {
    return pair.ratio().map(r -> r.verdict().toString()).orElse("no ratio")
        + (fails(pair) ? ", beyond the limit" : "");
  }

  private static String interval(Ratio ratio) {
    return String.format("%.4f … %.4f", ratio.lower(), ratio.upper());
  }

  private static void append(StringBuilder text, String title, List<String> lines) {
    if (!lines.isEmpty()) {
      text.append('\n').append(title.isEmpty() ? "" : title + "\n");
      lines.forEach(line -> text.append(title.isEmpty() ? "" : "  ").append(line).append('\n'));
    }
  }

  /** Of all times, as JMH reports it. */
  private static double mean(Measurement measurement) {
    return StatUtils.mean(
        measurement.forks().stream()
            .flatMap(List::stream)
            .mapToDouble(Double::doubleValue)
            .toArray());
  }

  private ObjectNode json(Comparison comparison) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    ArrayNode benchmarks = root.putArray("benchmarks");
    for (Comparison.Pair pair : comparison.pairs()) {
      ObjectNode node = identity(benchmarks.addObject(), pair.before());
      node.put("unit", pair.before().unit())
          .put("before", mean(pair.before()))
          .put("after", mean(pair.after()));
      pair.ratio()
          .ifPresent(
              ratio ->
                  node.put("ratio", ratio.value())
                      .put("lower", ratio.lower())
                      .put("upper", ratio.upper())
                      .put("acrossForks", ratio.acrossForks()));
      node.put("verdict", pair.ratio().map(r -> r.verdict().toString()).orElse("no ratio"))
          .put("beyondLimit", fails(pair));
    }
    identities(root.putArray("onlyBefore"), comparison.onlyBefore());
    identities(root.putArray("onlyAfter"), comparison.onlyAfter());
    ArrayNode remarks = root.putArray("remarks");
    comparison.remarks().forEach(remark -> remarks.add(remark));
    return root;
  }

  private static void identities(ArrayNode list, List<Measurement> measurements) {
    measurements.forEach(measurement -> identity(list.addObject(), measurement));
  }

  private static ObjectNode identity(ObjectNode node, Measurement measurement) {
    node.put("benchmark", measurement.benchmark());
    ObjectNode parameters = node.putObject("parameters");
    measurement.parameters().forEach(parameters::put);
    return node;
  }
}
