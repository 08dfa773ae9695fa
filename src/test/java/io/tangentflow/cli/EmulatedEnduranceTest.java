package io.tangentflow.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.cli.BackToBack.Mix;
import io.tangentflow.testing.CudaEmulator;
import io.tangentflow.testing.Reliability;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs on the emulated device back to back in one JVM: after each the device is empty and every
 * stream, event, module and handle has ended; what the process holds stays as it is.
 */
@Tag("emulator")
@Tag("reliability")
class EmulatedEnduranceTest {

  @TempDir private Path scratch;

  @Test
  void jobsOnTheDeviceLeaveNothingBehind() throws Exception {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    EnduranceRun.of(scratch, Mix.CUDA, Reliability.count(6, 80), Reliability.count(3, 24))
        .assertFlat(Reliability.full());
  }
}
