package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.StepSizeUnderflow;
import io.tangentflow.backend.Backend;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.MethodGradient;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethod.Report;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.SolverStatistics;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "gradient",
    mixinStandardHelpOptions = true,
    description = {
      "Outputs and gradients of a network by several methods, how far each is from the first, and the"
          + " memory and time that each takes. Exit code 7 or 8 if a method ends without a gradient.",
      "The gradient is that of Σ r_io f_o(x_i) with standard normal r, the same for all methods: its"
          + " difference is that of the gradients of single outputs in the mean square.",
      "A method is one of",
      "  discrete:STEPS               the exact gradient of the discrete solution",
      "  stored:STEPS[:BACK]          the continuous adjoint, every state kept",
      "  checkpointed=C:STEPS[:BACK]  the same with C states kept, the others computed again",
      "  augmented:STEPS[:BACK]       the same with the state integrated backwards",
      "where STEPS, and BACK for the adjoint's own, are SOLVER/NUMBER: a whole number is one of equal"
          + " steps, a number with a point or an exponent a tolerance. Solvers are euler, midpoint,"
          + " heun, bogacki-shampine, rk4, three-eighths, butcher5 and dormand-prince; a tolerance"
          + " asks for bogacki-shampine or dormand-prince.",
      "Steps count those that are computed again. The error of ĥ(0) is how far from h(0) a state that is"
          + " integrated backwards ends, relatively. For example:",
      "  tangentflow gradient -m discrete:rk4/20 -m stored:dormand-prince/1e-6"
    })
final class GradientCommand implements Callable<Integer> {

  private static final List<Quantity> BLOCKS =
      List.of(Quantity.OUTPUTS, Quantity.GRADIENT_U, Quantity.GRADIENT_W, Quantity.GRADIENT_V);

  @Mixin private Console console;
  @Mixin private DataOptions data;
  @Mixin private NetworkOptions network;
  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "256",
      description = "Width n (default: ${DEFAULT-VALUE}).")
  private int width;

  @Option(
      names = {"-m", "--method"},
      paramLabel = "METHOD",
      description =
          "A method; give several to compare them with the first (default: discrete:rk4/20, then"
              + " stored, checkpointed=5 and augmented of the same steps).")
  private List<String> methods =
      List.of("discrete:rk4/20", "stored:rk4/20", "checkpointed=5:rk4/20", "augmented:rk4/20");

  @Option(
      names = "--dynamics",
      paramLabel = "NAME",
      defaultValue = "pre-activation",
      description =
          "pre-activation (σw/√n W φ(h)), post-activation (φ(σw/√n W h)), gated (σw/√n W φ(h) e⁻ᵗ) or"
              + " drifting (σw/√n W φ(h + t b), b fixed and normal) (default: ${DEFAULT-VALUE}).")
  private String dynamics;

  @Option(
      names = "--per-sample",
      description = "Hold every sample to the methods' tolerances, not all of them together.")
  private boolean perSample;

  @Override
  public Integer call() {
    StandardDynamics field = StandardDynamics.named(dynamics);
    List<GradientMethod> asked =
        methods.stream()
            .map(
                name ->
                    GradientMethods.named("--method", name, field, engine.precision(), perSample))
            .toList();
    if (perSample && asked.stream().noneMatch(GradientMethod::adaptive)) {
      throw new InvalidConfiguration(
          "--per-sample", "holds samples to a tolerance, but no method has one");
    }
    Dataset dataset = data.load();
    NeuralOde model = network.model(dataset.dimension(), width);
    Answers answers = new Answers(model, dataset);
    try (Backend backend = engine.open();
        Console.Progress progress = console.progress("methods", asked.size())) {
      console.status("on " + backend.name() + ", " + backend.description());
      for (GradientMethod method : asked) {
        progress.detail(method.label());
        try {
          solve(method, model, dataset, backend); // So that the JVM has compiled what is timed.
          answers.add(method, solve(method, model, dataset, backend));
        } catch (NonFiniteState | StepSizeUnderflow e) {
          answers.add(method, e);
        }
        progress.at(answers.list.size());
      }
      answers.print(backend);
    }
    return answers.exitCode;
  }

  private MethodGradient solve(
      GradientMethod method, NeuralOde model, Dataset dataset, Backend backend) {
    return MethodGradient.of(
        method,
        model,
        network.parameters(),
        dataset.inputs(),
        network.seed,
        backend,
        memory.budget(backend).deviceBytes());
  }

  /** What is said of the methods, in two tables and in JSON. */
  private final class Answers {
    private final ObjectNode root = JsonNodeFactory.instance.objectNode();
    private final ArrayNode list = root.putArray("methods");
    private final NeuralOde model;
    private final Dataset dataset;
    private Table differences;
    private Table work;
    private MethodGradient first;
    private int exitCode;

    Answers(NeuralOde model, Dataset dataset) {
      this.model = model;
      this.dataset = dataset;
      List<Table.Column> columns = new ArrayList<>();
      columns.add(Table.Column.left("method"));
      BLOCKS.forEach(block -> columns.add(Table.Column.right(block.label())));
      columns.add(Table.Column.right("peak MiB"));
      columns.add(Table.Column.right("seconds"));
      differences =
          Table.of(
              String.format(
                  "Gradients of %s, %s, width %d, T = %s, σw = %s, in %s, on %d samples of %s%s;"
                      + " relative differences from the first method, of Frobenius norms:",
                  model.activation().label(),
                  dynamics,
                  width,
                  Numbers.shortest(model.horizon()),
                  Numbers.shortest(model.sigmaW()),
                  engine.precision(),
                  dataset.samples(),
                  data.data,
                  perSample ? ", each held to a tolerance" : ""),
              columns.toArray(Table.Column[]::new));
      work =
          Table.of(
              "Steps (and those rejected) and evaluations, forward and back:",
              Table.Column.left("method"),
              Table.Column.right("steps"),
              Table.Column.right("evaluations"),
              Table.Column.right("steps back"),
              Table.Column.right("evaluations back"),
              Table.Column.right("error of ĥ(0)"));
    }

    void add(GradientMethod method, MethodGradient result) {
      if (list.isEmpty()) {
        first = result;
      }
      Report report = result.report();
      ObjectNode node = list.addObject().put("method", method.label());
      ObjectNode blocks = node.putObject("differences");
      Cell[] cells = new Cell[BLOCKS.size() + 3];
      cells[0] = Cell.of(method.label());
      for (int b = 0; b < BLOCKS.size(); b++) {
        if (first == null) { // It failed, and there is nothing to compare with.
          blocks.putNull(BLOCKS.get(b).key());
          cells[b + 1] = Cell.of("–");
        } else {
          double difference = result.difference(BLOCKS.get(b), first);
          blocks.put(BLOCKS.get(b).key(), difference);
          cells[b + 1] = list.size() == 1 ? Cell.of("–") : Cell.of(difference, 2);
        }
      }
      cells[BLOCKS.size() + 1] = Cell.of(result.bytes() / 1048576.0, 4);
      cells[BLOCKS.size() + 2] = Cell.of(result.seconds(), 3);
      differences = differences.row(cells);
      work =
          work.row(
              cells[0],
              Cell.of(steps(report.forward())),
              Cell.of(report.forward().evaluations()),
              Cell.of(steps(report.backward())),
              Cell.of(report.backward().evaluations()),
              report.reconstructionError().isPresent()
                  ? Cell.of(report.reconstructionError().getAsDouble(), 2)
                  : Cell.of("–"));
      node.put("peakBytes", result.bytes()).put("seconds", result.seconds());
      statistics(report.forward(), node.putObject("forward"));
      statistics(report.backward(), node.putObject("backward"));
      report.reconstructionError().ifPresent(e -> node.put("reconstructionError", e));
      node.put("doubtful", report.doubtful());
      if (report.doubtful()) {
        console.warning(method.label() + ": " + report.doubt());
      }
    }

    void add(GradientMethod method, TangentFlowException failure) {
      list.addObject().put("method", method.label()).put("failure", failure.getMessage());
      Cell[] cells = new Cell[BLOCKS.size() + 3];
      Arrays.fill(cells, Cell.of("–"));
      cells[0] = Cell.of(method.label());
      cells[1] = Cell.of("FAILS");
      differences = differences.row(cells);
      console.warning(method.label() + ": " + failure.getMessage());
      exitCode = Math.max(exitCode, failure.exitCode());
    }

    void print(Backend backend) {
      root.put("activation", model.activation().label())
          .put("dynamics", dynamics)
          .put("width", width)
          .put("samples", dataset.samples())
          .put("outputs", model.outputs())
          .put("seed", network.seed)
          .put("data", data.data)
          .put("horizon", model.horizon())
          .put("sigmaU", model.sigmaU())
          .put("sigmaW", model.sigmaW())
          .put("sigmaV", model.sigmaV())
          .put("perSample", perSample)
          .put("backend", backend.name())
          .put("precision", backend.precision().toString());
      console.result(differences.toText() + "\n" + work.toText(), root);
    }
  }

  private static String steps(SolverStatistics s) {
    return s.rejected() == 0
        ? String.valueOf(s.accepted())
        : s.accepted() + " (" + s.rejected() + ")";
  }

  private static void statistics(SolverStatistics s, ObjectNode node) {
    node.put("accepted", s.accepted())
        .put("rejected", s.rejected())
        .put("evaluations", s.evaluations());
  }
}
