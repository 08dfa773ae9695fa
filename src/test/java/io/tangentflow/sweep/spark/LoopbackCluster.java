package io.tangentflow.sweep.spark;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A master and workers of this machine, by the script of the distribution, from Maven's jars. */
final class LoopbackCluster implements AutoCloseable {

  private static final Path SCRIPT = Path.of("src/dist/spark/cluster").toAbsolutePath();

  private final Path directory;
  private final Thread hook = new Thread(this::stop, "cluster's end");
  private final String master;

  /**
   * @param directory is empty
   * @param options of the script
   */
  LoopbackCluster(Path directory, List<String> options) throws IOException {
    this.directory = directory;
    Path jars = Files.createDirectories(directory.resolve("spark/jars"));
    for (String entry :
        System.getProperty("java.class.path").split(Pattern.quote(File.pathSeparator), -1)) {
      Path jar = Path.of(entry);
      if (Files.isRegularFile(jar)) {
        Files.createSymbolicLink(jars.resolve(jar.getFileName()), jar);
      }
    }
    writeDiscovery();
    Runtime.getRuntime().addShutdownHook(hook);
    List<String> command = new ArrayList<>(List.of("start"));
    command.addAll(options);
    this.master = script(command).replaceAll("(?s).*--on (\\S+)\\s*", "$1");
  }

  /** Names one device at each call, another one than at the call before. */
  private void writeDiscovery() throws IOException {
    Path discovery = directory.resolve("discover");
    Files.writeString(
        discovery,
        """
        #!/bin/sh
        n=0
        until mkdir "%s/call-$n" 2>/dev/null; do n=$((n + 1)); done
        echo "{\\"name\\": \\"gpu\\", \\"addresses\\": [\\"$((n %% 2))\\"]}"
        """
            .formatted(directory));
    if (!discovery.toFile().setExecutable(true)) {
      throw new IOException(discovery + " cannot be made executable");
    }
  }

  /** For {@code --on}. */
  String master() {
    return master;
  }

  /** What the script prints. */
  String script(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("sh", SCRIPT.toString()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SPARK_HOME", directory.resolve("spark").toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("TANGENTFLOW_CLUSTER", directory.resolve("state").toString());
    builder.environment().put("DISCOVER_GPUS", directory.resolve("discover").toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (!process.waitFor(90, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(arguments + ": " + output);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return output;
  }

  private void stop() {
    try {
      script(List.of("stop"));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    stop();
    Runtime.getRuntime().removeShutdownHook(hook);
  }
}
