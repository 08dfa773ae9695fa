package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.ExtremeEigenvalues;
import io.tangentflow.spectrum.RitzValue;
import io.tangentflow.spectrum.VerifiedEigenvalue;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Extreme eigenvalues as text and as JSON. */
record ExtremeReport(ExtremeEigenvalues found) {

  /**
   * max|λ|/min|λ| of a positive matrix is at least this; empty where a value is not positive by
   * more than its bound.
   */
  OptionalDouble condition() {
    RitzValue least = found.least().get(0);
    RitzValue greatest = found.greatest().get(found.greatest().size() - 1);
    return least.value() > least.bound() && greatest.value() > greatest.bound()
        ? OptionalDouble.of((greatest.value() - greatest.bound()) / (least.value() + least.bound()))
        : OptionalDouble.empty();
  }

  /** Adds what was found to a command's object. */
  void describe(ObjectNode object) {
    put(object.putArray("least"), found.least());
    put(object.putArray("greatest"), found.greatest());
    put(object, "verifiedLeast", found.verifiedLeast());
    put(object, "verifiedGreatest", found.verifiedGreatest());
    condition()
        .ifPresentOrElse(
            number -> object.put("conditionNumberAtLeast", number),
            () -> object.putNull("conditionNumberAtLeast"));
    object
        .put("products", found.products())
        .put("restarts", found.restarts())
        .put("converged", found.converged());
  }

  private static void put(ArrayNode array, List<RitzValue> values) {
    for (RitzValue value : values) {
      array
          .addObject()
          .put("value", value.value())
          .put("residual", value.residual())
          .put("bound", value.bound())
          .put("converged", value.converged());
    }
  }

  private static void put(ObjectNode object, String name, Optional<VerifiedEigenvalue> verified) {
    verified.ifPresentOrElse(
        eigenvalue ->
            object
                .putObject(name)
                .put("value", eigenvalue.value())
                .put("bound", eigenvalue.bound()),
        () -> object.putNull(name));
  }

  /** A row for each, and what they are worth. */
  String toText(String title) {
    Table table =
        Table.of(
            title,
            Table.Column.left("end"),
            Table.Column.right("eigenvalue"),
            Table.Column.right("residual"),
            Table.Column.right("error bound"),
            Table.Column.left("converged"));
    table = rows(table, "least", found.least());
    table = rows(table, "greatest", found.greatest());
    StringBuilder text = new StringBuilder(table.toText().stripTrailing());
    text.append(String.format("%n%n%d products, %d restarts.", found.products(), found.restarts()));
    text.append(String.format("%nSome eigenvalue is within each bound. "));
    if (found.verifiedLeast().isPresent() && found.verifiedGreatest().isPresent()) {
      text.append(
          String.format(
              "Factorisations confirm the ends: λ_min = %s, λ_max = %s.",
              words(found.verifiedLeast().get()), words(found.verifiedGreatest().get())));
    } else {
      text.append(
          "Within its bound λ_min is at most the least of them, and λ_max at least the greatest.");
    }
    text.append(
        condition().isPresent()
            ? String.format(
                "%nCondition number: at least %s.",
                Numbers.significant(condition().getAsDouble(), 4))
            : String.format("%nCondition number: not known, as the least is 0 within its bound."));
    return text.toString();
  }

  private static String words(VerifiedEigenvalue verified) {
    return Numbers.significant(verified.value(), 10)
        + " ± "
        + Numbers.significant(verified.bound(), 2);
  }

  private static Table rows(Table table, String end, List<RitzValue> values) {
    Table longer = table;
    for (RitzValue value : values) {
      longer =
          longer.row(
              Cell.of(end),
              Cell.of(value.value(), 10),
              Cell.of(value.residual(), 2),
              Cell.of(value.bound(), 2),
              Cell.of(value.converged() ? "yes" : "no"));
    }
    return longer;
  }

  /** Says on standard error what did not converge. */
  void warn(Console console, String advice) {
    long open =
        found.least().stream().filter(value -> !value.converged()).count()
            + found.greatest().stream().filter(value -> !value.converged()).count();
    if (open > 0) {
      console.warning(
          open + " eigenvalues did not converge in " + found.products() + " products; " + advice);
    }
  }
}
