package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description = {
      "Write the parameters of a seed as U.npy (n×d), W.npy (n×n) and V.npy (m×n), in fp64.",
      "'ntk', 'sweep' and 'quickstart' use just these for the same seed; fp32 rounds them."
    })
final class InitCommand implements Callable<Integer> {

  @Mixin private Console console;

  @Option(names = "--width", paramLabel = "N", required = true, description = "Width n.")
  private int width;

  @Option(names = "--input-dim", paramLabel = "D", required = true, description = "Inputs d.")
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
      description = "Seed (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "A new or empty directory.")
  private Path out;

  @Override
  public Integer call() {
    NeuralOde model =
        new NeuralOde(inputDim, width, StandardActivation.IDENTITY).withOutputs(outputs);
    requireEmpty(out);
    write("U.npy", model.width(), model.inputDim(), Parameters.STREAM_U);
    write("W.npy", model.width(), model.width(), Parameters.STREAM_W);
    write("V.npy", model.outputs(), model.width(), Parameters.STREAM_V);
    ObjectNode object = new ObjectMapper().createObjectNode();
    object.put("directory", out.toString()).put("seed", seed);
    console.result(
        String.format(
            "%s: U.npy (%d×%d), W.npy (%d×%d), V.npy (%d×%d) of seed %d",
            out, width, inputDim, width, width, outputs, width, seed),
        object);
    return 0;
  }

  private void write(String name, int rows, int columns, int stream) {
    if ((long) rows * columns > Integer.MAX_VALUE - 8) {
      throw new io.tangentflow.TangentFlowException.InvalidConfiguration(
          "--width", name + " would have more numbers than a Java array holds");
    }
    Npy.write(
        out.resolve(name), Parameters.gaussian(rows, columns, seed, stream), ElementType.FP64);
  }

  private static void requireEmpty(Path directory) {
    try {
      if (Files.isDirectory(directory)) {
        try (Stream<Path> entries = Files.list(directory)) {
          if (entries.findAny().isPresent()) {
            throw new RunDirectoryConflict(directory, "is not empty; give a new directory");
          }
        }
      }
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new RunDirectoryConflict(directory, "cannot be written (" + e + ")", e);
    }
  }
}
