package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.testing.CudaEmulator;
import io.tangentflow.testing.Reliability;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Command lines of the pages with {@code --backend cuda}, on the emulated device. */
@Tag("emulator")
@Tag("reliability")
class ExecutedOnDeviceTest {

  @TempDir private Path root;

  @Test
  void everyLineEndsAsThePageSays() throws IOException {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    DocumentedRun run = new DocumentedRun(root, null);
    int executed = 0;
    for (List<DocumentedLine> lines : DocumentedRun.lines("cuda").values()) {
      assertEquals("", String.join("\n", run.failures(lines)));
      executed += lines.size();
    }
    assertTrue(executed >= Reliability.count(1, 4), executed + " lines");
  }
}
