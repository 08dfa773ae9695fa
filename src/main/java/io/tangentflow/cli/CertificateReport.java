package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.SamplePairs;
import io.tangentflow.data.SamplePlaces;
import io.tangentflow.experiment.ConvergenceAssumptions.Assumption;
import io.tangentflow.experiment.ConvergenceAssumptions.Status;
import io.tangentflow.experiment.Definiteness;
import io.tangentflow.experiment.LimitCertificate;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.CertifiedEigenvalue;
import io.tangentflow.spectrum.GramCertificate;
import io.tangentflow.spectrum.KernelPair;
import io.tangentflow.train.LinearRate;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** A certificate as people and programs read it. */
final class CertificateReport {

  private final StringBuilder text = new StringBuilder();
  private final ObjectNode root = JsonNodeFactory.instance.objectNode();
  private final GramCertificate gram;
  private final Definiteness definiteness;

  private CertificateReport(GramCertificate gram, Definiteness definiteness) {
    this.gram = gram;
    this.definiteness = definiteness;
  }

  /**
   * The certificate of a matrix whose entries are taken as exact, but for their asymmetry.
   *
   * @param learningRate η; null for 1/λ_max
   */
  static CertificateReport ofGram(
      String file,
      SymmetricFile read,
      GramCertificate gram,
      Optional<KernelPair> mostDependent,
      Double learningRate) {
    CertificateReport report = new CertificateReport(gram, Definiteness.of(gram));
    report.root.put("gram", file).put("order", gram.order());
    report.verdict(
        String.format("Certificate of the matrix of order %d in %s", gram.order(), file),
        read.asymmetry() == 0
            ? "its entries taken as exact"
            : "its entries taken as exact but for their asymmetry");
    report.text.append(read.errors().isEmpty() ? "" : read.errors().strip() + "\n");
    report.eigenvalues();
    report.rates(learningRate);
    mostDependent.ifPresent(pair -> report.minor(pair, pair.first(), pair.second()));
    return report;
  }

  /**
   * The certificate of a limiting kernel on samples.
   *
   * @param depth L, empty for the continuum
   * @param places of the samples
   * @param learningRate η; null for 1/λ_max
   */
  static CertificateReport ofLimit(
      LimitCertificate certificate,
      NeuralOde ode,
      OptionalInt depth,
      String data,
      SamplePlaces places,
      Double learningRate) {
    CertificateReport report =
        new CertificateReport(certificate.gram(), certificate.definiteness());
    String label = ode.activation().label();
    report
        .root
        .put("activation", label)
        .put("depth", depth.isPresent() ? String.valueOf(depth.getAsInt()) : "inf")
        .put("horizon", ode.horizon())
        .put("sigmaU", ode.sigmaU())
        .put("sigmaW", ode.sigmaW())
        .put("sigmaV", ode.sigmaV())
        .put("data", data)
        .put("order", certificate.gram().order());
    report.verdict(
        String.format(
            "Certificate of the limiting NTK of %s, %s, T = %s, σw = %s, on %d samples of %s",
            label,
            depth.isPresent() ? "depth " + depth.getAsInt() : "continuum",
            Numbers.shortest(ode.horizon()),
            Numbers.shortest(ode.sigmaW()),
            certificate.gram().order(),
            data),
        "given the error estimates");
    report.singularities(certificate);
    report.eigenvalues();
    report.entries(certificate, depth);
    report.rates(learningRate);
    report.root.put("numbered", places.unit());
    report.pairs(certificate, places);
    report.samples(certificate.pairs(), places);
    report.assumptions(certificate);
    return report;
  }

  String text() {
    return text.toString();
  }

  ObjectNode json() {
    return root;
  }

  /** The answer, and the condition that a proof of positivity is under. */
  private void verdict(String subject, String condition) {
    root.put("definiteness", definiteness.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    text.append(subject)
        .append(".\nStrictly positive definite: ")
        .append(definiteness.answer())
        .append(definiteness == Definiteness.POSITIVE_DEFINITE ? " (" + condition + ")" : "")
        .append('\n');
  }

  private void singularities(LimitCertificate certificate) {
    ArrayNode reasons = root.putArray("singularBecause");
    for (String reason : certificate.singularities()) {
      reasons.add(reason);
      text.append("  λ_min is 0 in exact arithmetic: ").append(reason).append('\n');
    }
    certificate.rankLimit().ifPresent(rank -> root.put("rankLimit", rank));
  }

  private void eigenvalues() {
    Table table =
        Table.of(
            "Eigenvalues, and the parts of their error bounds:",
            Table.Column.left("eigenvalue"),
            Table.Column.right("value"),
            Table.Column.right("bound"),
            Table.Column.right("evaluation"),
            Table.Column.right("inner products"),
            Table.Column.right("eigen-solver"));
    table = table.row(row("λ_min", gram.least())).row(row("λ_max", gram.greatest()));
    eigenvalue(gram.least(), root.putObject("leastEigenvalue"));
    eigenvalue(gram.greatest(), root.putObject("greatestEigenvalue"));
    append(table);
    if (definiteness == Definiteness.POSITIVE_DEFINITE) {
      double condition = gram.greatest().value() / gram.least().value();
      root.put("conditionNumber", condition);
      text.append("\ncondition number λ_max/λ_min = ")
          .append(Numbers.significant(condition, 4))
          .append('\n');
    } else {
      double least = gram.greatest().lower() / gram.least().upper();
      root.putNull("conditionNumber");
      text.append("\ncondition number λ_max/λ_min: ")
          .append(
              definiteness == Definiteness.SINGULAR
                  ? "infinite"
                  : "at least " + Numbers.significant(least, 2))
          .append('\n');
    }
  }

  private static Cell[] row(String name, CertifiedEigenvalue lambda) {
    return new Cell[] {
      Cell.of(name),
      Cell.of(lambda.value(), 8),
      Cell.of(lambda.bound(), 2),
      Cell.of(lambda.evaluation(), 2),
      Cell.of(lambda.inputs(), 2),
      Cell.of(lambda.solver(), 2)
    };
  }

  private static void eigenvalue(CertifiedEigenvalue lambda, ObjectNode node) {
    node.put("value", lambda.value())
        .put("bound", lambda.bound())
        .put("evaluation", lambda.evaluation())
        .put("innerProducts", lambda.inputs())
        .put("eigenSolver", lambda.solver());
  }

  private void entries(LimitCertificate certificate, OptionalInt depth) {
    root.put("entryError", certificate.entryError())
        .put("entryErrorOfInnerProducts", certificate.rounding().ntkError())
        .put("correlationError", certificate.rounding().correlationError());
    text.append("an entry is off by ")
        .append(Numbers.significant(certificate.entryError(), 2))
        .append(
            depth.isPresent()
                ? " (estimated from the series and their rounding)"
                : " (estimated from two numbers of quadrature nodes and of terms, which is no theorem)")
        .append("\nand, as correlations are by up to ")
        .append(Numbers.significant(certificate.rounding().correlationError(), 2))
        .append(", by another ")
        .append(Numbers.significant(certificate.rounding().ntkError(), 2))
        .append(" at most\n");
  }

  private void rates(Double asked) {
    double least = gram.least().value();
    double greatest = gram.greatest().value();
    double rate = asked == null ? 1 / greatest : asked;
    Table table =
        Table.of(
            "Gradient descent on ½‖f(X) − y‖² while the kernel stays what it is; the slowest mode"
                + " shrinks by the factor 1 − ηλ_min in a step:",
            Table.Column.left("learning rate"),
            Table.Column.right("η"),
            Table.Column.right("1 − factor"),
            Table.Column.right("steps to halve the error"),
            Table.Column.right("steps to a tenth of the loss"));
    ObjectNode node = root.putObject("gradientDescent");
    node.put("greatestStableLearningRate", gram.greatestStableLearningRate())
        .put("safeLearningRate", gram.safeLearningRate());
    table =
        rate(
            table,
            asked == null ? "1/λ_max" : "as chosen",
            LinearRate.of(rate, least, greatest),
            node.putObject("chosen"));
    table =
        rate(
            table,
            "2/(λ_min + λ_max), optimal",
            LinearRate.optimal(least, greatest),
            node.putObject("optimal"));
    append(table);
    text.append("\nstable below 2/λ_max = ")
        .append(Numbers.significant(gram.greatestStableLearningRate(), 10))
        .append("; whatever the errors are, below 2/(λ_max + bound) = ")
        .append(Numbers.significant(gram.safeLearningRate(), 10))
        .append('\n');
    if (rate * gram.greatest().lower() >= 2) {
      text.append("the learning rate chosen is not stable\n");
    } else if (rate >= gram.safeLearningRate()) {
      text.append("the learning rate chosen is not surely stable\n");
    }
  }

  /** A rate that needs λ_min is given only where λ_min is known to be positive. */
  private Table rate(Table table, String name, LinearRate rate, ObjectNode node) {
    node.put("learningRate", rate.learningRate());
    if (definiteness != Definiteness.POSITIVE_DEFINITE) {
      node.putNull("factor")
          .putNull("decrease")
          .putNull("stepsToHalve")
          .putNull("stepsToTenthOfLoss");
      return table.row(
          Cell.of(name), Cell.of(rate.learningRate(), 6), Cell.of("–"), Cell.of("–"), Cell.of("–"));
    }
    node.put("factor", rate.factor()).put("decrease", rate.decrease());
    if (rate.decrease() > 0) {
      node.put("stepsToHalve", rate.stepsToHalve())
          .put("stepsToTenthOfLoss", rate.stepsToTenthOfLoss());
    } else {
      node.putNull("stepsToHalve").putNull("stepsToTenthOfLoss");
    }
    return table.row(
        Cell.of(name),
        Cell.of(rate.learningRate(), 6),
        Cell.of(rate.decrease(), 4),
        Cell.of(rate.stepsToHalve(), 4),
        Cell.of(rate.stepsToTenthOfLoss(), 4));
  }

  private void pairs(LimitCertificate certificate, SamplePlaces places) {
    SamplePairs pairs = certificate.pairs();
    if (pairs.closest().isPresent()) {
      Table table =
          Table.of(
              "Pairs of samples, and how well the kernel tells them apart:",
              Table.Column.left("pair"),
              Table.Column.right(places.unit() + "s"),
              Table.Column.right("ρ"),
              Table.Column.right("angle"),
              Table.Column.right("‖x − x̄‖"),
              Table.Column.right("K_ij/√(K_ii K_jj)"));
      append(
          table
              .row(
                  pair(
                      "closest",
                      pairs.closest().orElseThrow(),
                      certificate.closest().orElseThrow(),
                      places,
                      root.putObject("closestPair")))
              .row(
                  pair(
                      "most opposite",
                      pairs.mostOpposite().orElseThrow(),
                      certificate.mostOpposite().orElseThrow(),
                      places,
                      root.putObject("mostOppositePair"))));
    }
    certificate
        .mostDependent()
        .ifPresent(
            pair -> minor(pair, places.numbers()[pair.first()], places.numbers()[pair.second()]));
  }

  private static Cell[] pair(
      String name, SamplePairs.Pair pair, KernelPair kernel, SamplePlaces places, ObjectNode node) {
    int first = places.numbers()[pair.first()];
    int second = places.numbers()[pair.second()];
    node.put("first", first)
        .put("second", second)
        .put("rho", pair.rho())
        .put("angle", pair.angle())
        .put("distance", pair.distance())
        .put("cosine", kernel.cosine());
    return new Cell[] {
      Cell.of(name),
      Cell.of(first + ", " + second),
      Cell.of(pair.rho(), 8),
      Cell.of(pair.angle(), 4),
      Cell.of(pair.distance(), 4),
      Cell.of(kernel.cosine(), 8)
    };
  }

  private void minor(KernelPair pair, int first, int second) {
    root.putObject("mostDependentPair")
        .put("first", first)
        .put("second", second)
        .put("cosine", pair.cosine())
        .put("leastEigenvalueOfMinor", pair.leastEigenvalue());
    text.append(
        String.format(
            "%ntold apart least: %d, %d, with K_ij/√(K_ii K_jj) = %s; their 2×2 minor alone bounds λ_min"
                + " by %s%n",
            first,
            second,
            Numbers.significant(pair.cosine(), 8),
            Numbers.significant(pair.leastEigenvalue(), 4)));
  }

  private void samples(SamplePairs pairs, SamplePlaces places) {
    matches("duplicates", pairs.duplicates(), places);
    matches("antipodes", pairs.antipodes(), places);
    ArrayNode zeros = root.putArray("zeros");
    pairs.zeros().forEach(j -> zeros.add(places.numbers()[j]));
    root.put("leastNormSqOverD", pairs.leastNorm())
        .put("greatestNormSqOverD", pairs.greatestNorm());
    text.append("duplicates: ")
        .append(pairs.duplicates().size())
        .append(", antipodes: ")
        .append(pairs.antipodes().size())
        .append(", samples of norm zero: ")
        .append(pairs.zeros().size())
        .append('\n');
  }

  private void matches(String name, List<SamplePairs.Match> matches, SamplePlaces places) {
    ArrayNode node = root.putArray(name);
    for (SamplePairs.Match match : matches) {
      node.addArray().add(places.numbers()[match.first()]).add(places.numbers()[match.second()]);
    }
  }

  private void assumptions(LimitCertificate certificate) {
    Table table =
        Table.of(
            "Assumptions of global convergence (Theorem 3):",
            Table.Column.left("assumption"),
            Table.Column.left("met"),
            Table.Column.left("detail"));
    ArrayNode list = root.putArray("assumptions");
    for (Assumption assumption : certificate.assumptions()) {
      ObjectNode node = list.addObject();
      node.put("name", assumption.key())
          .put("status", assumption.status().name().toLowerCase(Locale.ROOT).replace('_', '-'))
          .put("detail", assumption.detail());
      assumption.constant().ifPresent(constant -> node.put("constant", constant));
      table =
          table.row(
              Cell.of(assumption.statement()),
              Cell.of(met(assumption.status())),
              Cell.of(assumption.detail()));
    }
    append(table);
  }

  private static String met(Status status) {
    return switch (status) {
      case MET -> "yes";
      case FAILED -> "no";
      case NOT_CHECKED -> "not checked";
    };
  }

  private void append(Table table) {
    text.append('\n').append(table.toText());
  }
}
