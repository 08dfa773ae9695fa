package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.experiment.ActivationProfile;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Table;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "activation",
    mixinStandardHelpOptions = true,
    description = {
      "An activation φ: moments, Lipschitz constants, Hermite coefficients and how they fall, and what"
          + " the theory says of it.",
      "Without NAME, all activations that there are. Begin with:",
      "  tangentflow activation",
      "  tangentflow activation softplus --out softplus.svg"
    })
final class ActivationCommand implements Callable<Integer> {

  /** What is about one activation. */
  private static final List<String> OF_ONE = List.of("--variance", "--coefficients", "--out");

  @Spec private CommandSpec command;

  @Mixin private Console console;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "As --activation of other commands takes it, like tanh or leaky-relu:0.1.")
  private String name;

  @Option(
      names = "--variance",
      paramLabel = "A",
      defaultValue = "1",
      description = "Variance τ² of the argument of φ (default: ${DEFAULT-VALUE}).")
  private double variance;

  @Option(
      names = "--coefficients",
      paramLabel = "K",
      defaultValue = "12",
      description =
          "Rows of the table of Hermite coefficients; --json has all (default: ${DEFAULT-VALUE}).")
  private int coefficients;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Draw |α_k| against k into this .svg file.")
  private Path out;

  @Override
  public Integer call() {
    return name == null ? ofAll() : ofOne();
  }

  private int ofOne() {
    if (coefficients < 0) {
      throw new InvalidConfiguration(
          "--coefficients", "must be zero or a positive number, not " + coefficients);
    }
    Activation phi = Activations.named(name);
    new Outputs().with("--out", out).requireWritable();
    ActivationProfile profile = new ActivationProfile(phi, variance);
    if (out != null) {
      AtomicFile.write(out, profile.plot().toSvg());
    }
    String text =
        profile.properties().toText()
            + (coefficients == 0 ? "" : "\n" + profile.coefficients(coefficients).toText())
            + "\n"
            + String.join("\n", profile.findings())
            + (out == null ? "" : "\n\nPlot: " + out);
    console.result(text, profile.json());
    return 0;
  }

  private int ofAll() {
    for (String option : OF_ONE) {
      if (command.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new InvalidConfiguration(option, "is about one activation; name it");
      }
    }
    Table table =
        Table.of(
            "Activations, as --activation takes them:",
            Table.Column.left("name"),
            Table.Column.left("φ(x)"),
            Table.Column.right("sup |φ'|"),
            Table.Column.right("sup |φ''|"),
            Table.Column.left("kind"),
            Table.Column.left("dual"));
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    ArrayNode all = object.putArray("activations");
    for (Activations.Form form : Activations.forms()) {
      Activation phi = form.example();
      DualActivation activationDual = DualActivation.of(phi);
      String dual = activationDual.method(activationDual.marginal(1)).label();
      table =
          table.row(
              Cell.of(form.syntax()),
              Cell.of(form.formula()),
              Cell.of(constant(form, phi.lipschitz())),
              Cell.of(constant(form, phi.derivativeLipschitz())),
              Cell.of(kind(phi)),
              Cell.of(dual));
      all.addObject()
          .put("syntax", form.syntax())
          .put("formula", form.formula())
          .put("example", phi.label())
          .put("polynomial", phi.polynomial())
          .put("smooth", phi.smooth())
          .put("dual", dual);
    }
    console.result(
        table.toText()
            + "\nThe first nine have kernels on every backend; the others run on the CPU. Each in"
            + " detail: tangentflow activation NAME.",
        object);
    return 0;
  }

  private static String constant(Activations.Form form, OptionalDouble bound) {
    if (form.family()) {
      return "depends";
    }
    return bound.isPresent() ? Numbers.significant(bound.getAsDouble(), 5) : "none";
  }

  private static String kind(Activation phi) {
    return phi.polynomial() ? "polynomial" : phi.smooth() ? "smooth" : "kink at 0";
  }
}
