package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.data.NetworkFile;
import io.tangentflow.data.NetworkFile.Network;
import io.tangentflow.gradient.ParameterGradients;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
      "Exit code 1 if one exceeds 1e-11 in fp64, 1e-4 in fp32 or 1e-1 in tf32; 7 if a network is not finite."
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

  @Override
  public Integer call() {
    List<Network> networks = NetworkFile.read(file);
    requireSolvers(networks);
    double tolerance = NetworkEvaluation.tolerance(engine.precision());
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ArrayNode list = root.put("tolerance", tolerance).putArray("networks");
    List<Table.Column> columns = new ArrayList<>();
    columns.add(Table.Column.left("network"));
    NetworkEvaluation.QUANTITIES.forEach(name -> columns.add(Table.Column.right(name)));
    columns.add(Table.Column.left("verdict"));
    Table table =
        Table.of(
            "Largest difference from the file, relative to the largest entry of each quantity"
                + " (tolerance "
                + Numbers.shortest(tolerance)
                + ", "
                + engine.precision()
                + "):",
            columns.toArray(Table.Column[]::new));
    int exitCode = 0;
    try (Backend backend = engine.open()) {
      for (int i = 0; i < networks.size(); i++) {
        Network network = networks.get(i);
        String name =
            String.format(
                "%d %s %s",
                i, network.model().activation().label(), NetworkEvaluation.grid(network));
        ObjectNode node = list.addObject().put("network", name);
        try {
          NetworkEvaluation evaluation =
              NetworkEvaluation.of(network, backend, memory.budget(backend));
          describe(evaluation, node);
          if (network.expected().isPresent()) {
            double[] differences = evaluation.differences(network.expected().get());
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
        NetworkEvaluation.grid(networks.get(i));
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

  private static void describe(NetworkEvaluation evaluation, ObjectNode node) {
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
    ArrayNode rows = JsonNodeFactory.instance.arrayNode();
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
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (double value : values) {
      array.add(value);
    }
    return array;
  }

  private static Cell[] withoutNumbers(String name, String verdict) {
    Cell[] cells = new Cell[NetworkEvaluation.QUANTITIES.size() + 2];
    Arrays.fill(cells, Cell.of("–"));
    cells[0] = Cell.of(name);
    cells[cells.length - 1] = Cell.of(verdict);
    return cells;
  }
}
