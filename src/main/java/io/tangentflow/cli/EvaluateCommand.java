package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.data.NetworkFile;
import io.tangentflow.data.NetworkFile.Expected;
import io.tangentflow.data.NetworkFile.Network;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.ParameterGradients;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description = {
      "Outputs, gradients and tangent kernels of the networks in a JSON file; where the file says what"
          + " to expect, the largest difference of each, relative to the largest entry.",
      "Exit code 1 if one exceeds 1e-11 in fp64 or 1e-4 in fp32; 7 if a network is not finite."
    })
final class EvaluateCommand implements Callable<Integer> {

  private static final int DISAGREEMENT = 1;

  @Mixin private Console console;
  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;

  @Parameters(
      paramLabel = "FILE",
      description =
          "A JSON array of networks: activation, method (the solver), n, d, N, L, T, sigmaU, sigmaW,"
              + " sigmaV, U, W, v, X; and, all or none, what to expect: outputs, gradU, gradW,"
              + " gradV, ntk.")
  private Path file;

  /** What was computed for a network: gradients by sample. */
  private record Evaluation(
      DenseMatrix outputs, List<ParameterGradients> gradients, DenseMatrix ntk) {}

  @Override
  public Integer call() {
    List<Network> networks = NetworkFile.read(file);
    requireSolvers(networks);
    double tolerance = engine.precision() == Precision.FP64 ? 1e-11 : 1e-4;
    ObjectNode root = new ObjectMapper().createObjectNode();
    ArrayNode list = root.put("tolerance", tolerance).putArray("networks");
    Table table =
        Table.of(
            "Largest difference from the file, relative to the largest entry of each quantity"
                + " (tolerance "
                + (engine.precision() == Precision.FP64 ? "1e-11" : "1e-4")
                + ", "
                + engine.precision()
                + "):",
            Table.Column.left("network"),
            Table.Column.right("outputs"),
            Table.Column.right("∂f/∂U"),
            Table.Column.right("∂f/∂W"),
            Table.Column.right("∂f/∂V"),
            Table.Column.right("NTK"),
            Table.Column.left("verdict"));
    int exitCode = 0;
    try (Backend backend = engine.open()) {
      for (int i = 0; i < networks.size(); i++) {
        Network network = networks.get(i);
        String name =
            String.format(
                "%d %s %s",
                i,
                network.model().activation().label(),
                new TimeGrid(tableau(network), network.depth()));
        ObjectNode node = list.addObject().put("network", name);
        try {
          Evaluation evaluation = evaluate(network, backend);
          describe(evaluation, node);
          if (network.expected().isPresent()) {
            double[] differences = differences(network.expected().get(), evaluation);
            double worst = 0;
            Cell[] cells = new Cell[differences.length + 2];
            cells[0] = Cell.of(name);
            for (int k = 0; k < differences.length; k++) {
              cells[k + 1] = Cell.of(differences[k], 2);
              worst = Math.max(worst, differences[k]);
            }
            boolean agrees = worst <= tolerance;
            cells[cells.length - 1] = Cell.of(agrees ? "agrees" : "DIFFERS");
            table = table.row(cells);
            node.put("largestDifference", worst).put("agrees", agrees);
            exitCode = Math.max(exitCode, agrees ? 0 : DISAGREEMENT);
          } else {
            table = table.row(withoutNumbers(name, "nothing to compare with; see --json"));
          }
        } catch (NonFiniteState e) {
          table = table.row(withoutNumbers(name, e.getMessage()));
          node.put("failure", e.getMessage());
          exitCode = Math.max(exitCode, e.exitCode());
        }
      }
    }
    console.result(table.toText(), root);
    return exitCode;
  }

  /** A solver's name in a file is a matter of the file, not of an option. */
  private void requireSolvers(List<Network> networks) {
    for (int i = 0; i < networks.size(); i++) {
      try {
        new TimeGrid(tableau(networks.get(i)), networks.get(i).depth());
      } catch (InvalidConfiguration e) {
        // A file has fields where the command line has options.
        String why =
            e.getMessage()
                .replaceFirst("^--solver:", "field \"method\":")
                .replaceFirst("^--depth:", "field \"L\":");
        throw new DataFormat(file, "network", i, why);
      }
    }
  }

  private Evaluation evaluate(Network network, Backend backend) {
    TimeGrid grid = new TimeGrid(tableau(network), network.depth());
    long budget = memory.budget(backend);
    List<ParameterGradients> gradients = new ArrayList<>();
    DenseMatrix outputs;
    try (Workspace workspace = backend.workspace("this network", budget)) {
      Weights weights = Weights.place(network.model(), network.parameters(), workspace);
      TangentFeatures features =
          new DiscreteAdjoint(grid)
              .features(weights, weights.upload(network.inputs(), workspace), workspace);
      outputs = backend.download(features.outputs());
      for (int i = 0; i < features.samples(); i++) {
        gradients.add(ParameterGradients.of(features, i, 0, workspace));
      }
    }
    GramPlan plan =
        GramPlan.choose(
            network.model(), grid, network.inputs().columns(), backend.precision(), budget);
    DenseMatrix ntk =
        new EmpiricalNtk(network.model(), grid, plan)
            .gram(network.parameters(), network.inputs(), backend, fraction -> {})
            .gram();
    return new Evaluation(outputs, gradients, ntk);
  }

  private static Tableau tableau(Network network) {
    return Tableau.named(network.solver());
  }

  private static double[] differences(Expected expected, Evaluation actual) {
    double[] worst = new double[5];
    worst[0] = difference(expected.outputs(), actual.outputs());
    for (int i = 0; i < actual.gradients().size(); i++) {
      ParameterGradients g = actual.gradients().get(i);
      worst[1] = Math.max(worst[1], difference(expected.gradU().get(i), g.u()));
      worst[2] = Math.max(worst[2], difference(expected.gradW().get(i), g.w()));
      worst[3] = Math.max(worst[3], difference(expected.gradV().get(i), g.v()));
    }
    worst[4] = difference(expected.ntk(), actual.ntk());
    return worst;
  }

  private static double difference(DenseMatrix expected, DenseMatrix actual) {
    double largest = 0;
    double difference = 0;
    for (int k = 0; k < expected.values().length; k++) {
      largest = Math.max(largest, Math.abs(expected.values()[k]));
      difference = Math.max(difference, Math.abs(expected.values()[k] - actual.values()[k]));
    }
    return difference == 0 ? 0 : difference / largest;
  }

  private static void describe(Evaluation evaluation, ObjectNode node) {
    node.set("outputs", array(evaluation.outputs().values()));
    ArrayNode gradU = node.putArray("gradU");
    ArrayNode gradW = node.putArray("gradW");
    ArrayNode gradV = node.putArray("gradV");
    for (ParameterGradients g : evaluation.gradients()) {
      gradU.add(rows(g.u()));
      gradW.add(rows(g.w()));
      gradV.add(array(g.v().values()));
    }
    node.set("ntk", rows(evaluation.ntk()));
  }

  private static ArrayNode rows(DenseMatrix matrix) {
    ArrayNode rows = new ObjectMapper().createArrayNode();
    DenseMatrix byRow = matrix.transpose();
    for (int i = 0; i < matrix.rows(); i++) {
      ArrayNode row = rows.addArray();
      for (int j = 0; j < matrix.columns(); j++) {
        row.add(byRow.get(j, i));
      }
    }
    return rows;
  }

  private static ArrayNode array(double[] values) {
    ArrayNode array = new ObjectMapper().createArrayNode();
    for (double value : values) {
      array.add(value);
    }
    return array;
  }

  private static Cell[] withoutNumbers(String name, String verdict) {
    Cell dash = Cell.of("–");
    return new Cell[] {Cell.of(name), dash, dash, dash, dash, dash, Cell.of(verdict)};
  }
}
