package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.Philox;
import io.tangentflow.model.StandardActivation;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description = {
      "Write the parameters of a seed to files U.npy (n×d), W.npy (n×n) and V.npy (m×n), fp64.",
      "'ntk', 'sweep' and 'quickstart' use just these for the same seed; fp32 rounds them."
    })
final class InitCommand implements Callable<Integer> {

  @Mixin private Console console;

  @Option(names = "--width", paramLabel = "N", required = true, description = "Width n (required).")
  private int width;

  @Option(
      names = "--input-dim",
      paramLabel = "D",
      required = true,
      description = "Dimension d of an input (required); the digits have 64.")
  private int inputDim;

  @Option(
      names = "--outputs",
      paramLabel = "M",
      defaultValue = "1",
      description = "Outputs m (default: ${DEFAULT-VALUE}).")
  private int outputs;

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      defaultValue = "0",
      description = "Seed of the parameters (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "A new or empty directory (required).")
  private Path out;

  @Override
  public Integer call() {
    NeuralOde model =
        new NeuralOde(inputDim, width, StandardActivation.IDENTITY).withOutputs(outputs);
    List<File> files =
        List.of(
            new File("U.npy", model.width(), model.inputDim(), Parameters.STREAM_U),
            new File("W.npy", model.width(), model.width(), Parameters.STREAM_W),
            new File("V.npy", model.outputs(), model.width(), Parameters.STREAM_V));
    files.forEach(File::requireReadable);
    NewDirectory directory = NewDirectory.make(out, files.stream().mapToLong(File::bytes).sum());
    try {
      for (File file : files) {
        Path path = directory.file(file.name());
        console.status("writing " + path);
        write(file, path);
      }
    } catch (RuntimeException | Error e) {
      directory.removeAll();
      throw e;
    }
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("directory", out.toString()).put("seed", seed);
    files.forEach(
        file -> object.putArray(file.name().substring(0, 1)).add(file.rows()).add(file.columns()));
    console.result(
        String.format(
            "%s: U.npy (%d×%d), W.npy (%d×%d), V.npy (%d×%d) of seed %d",
            out, width, inputDim, width, width, outputs, width, seed),
        object);
    return 0;
  }

  /** A matrix to be written. */
  private record File(String name, int rows, int columns, int stream) {

    long bytes() {
      return (long) rows * columns * Double.BYTES;
    }

    /** Refuses what this program could not read again. */
    void requireReadable() {
      if ((long) rows * columns > Integer.MAX_VALUE - 8) {
        throw new InvalidConfiguration(
            name.startsWith("W") ? "--width" : name.startsWith("U") ? "--input-dim" : "--outputs",
            String.format(
                "%s would be %d×%d, and a matrix has fewer than 2^31 entries",
                name, rows, columns));
      }
    }
  }

  private void write(File file, Path path) {
    Npy.write(
        path,
        file.rows(),
        file.columns(),
        Npy.Order.COLUMNS,
        ElementType.FP64,
        (first, values, count) ->
            Philox.gaussian(seed, file.stream(), first, count, (index, z) -> values[index] = z));
  }
}
