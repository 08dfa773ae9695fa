package io.tangentflow.sweep.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.tangentflow.cli.DocumentedLine;
import io.tangentflow.cli.DocumentedRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Command lines of the pages with {@code --on}, on a cluster of this machine whose executors have
 * the emulated device.
 */
@Tag("cluster")
@Timeout(300)
class ExecutedOnClusterTest {

  private static final List<String> PROPERTIES =
      List.of("spark.executorEnv.LD_LIBRARY_PATH", "spark.executorEnv.TF_CUDA_DEVICES");

  @TempDir private Path root;

  @Test
  void everyLineEndsAsThePageSays() throws IOException {
    Path emulator = Path.of(System.getProperty("executor.emulator.dir"));
    assumeFalse(
        Files.exists(emulator.resolve("UNAVAILABLE")), "the CUDA emulation could not be built");
    Path directory = Files.createDirectory(root.resolve("cluster"));
    int executed = 0;
    try (LoopbackCluster cluster =
        new LoopbackCluster(directory, List.of("--workers", "1", "--gpus"))) {
      DocumentedRun run =
          new DocumentedRun(Files.createDirectory(root.resolve("run")), cluster.master());
      for (List<DocumentedLine> lines : DocumentedRun.lines("cluster").values()) {
        for (DocumentedLine line : lines) {
          if (line.text().contains("cuda")) {
            System.setProperty(PROPERTIES.get(0), emulator.toString());
            System.setProperty(PROPERTIES.get(1), "2");
          }
          assertEquals(List.of(), run.failures(List.of(line)));
          PROPERTIES.forEach(System::clearProperty);
          executed++;
        }
      }
    } finally {
      PROPERTIES.forEach(System::clearProperty);
    }
    assertTrue(executed >= 2, executed + " lines");
  }
}
