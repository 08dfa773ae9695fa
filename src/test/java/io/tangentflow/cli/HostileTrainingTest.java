package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A training whose beginning somebody else wrote. */
@Tag("reliability")
class HostileTrainingTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"ntk-start.npy", "outputs-start.npy", "limit-ntk.npy"})
  void aMatrixOfAnotherShapeIsNamed(String name) throws Exception {
    Path run = directory.resolve("run");
    Invocation.of(
            "train",
            "--width=8",
            "--samples=5",
            "--steps=4",
            "--checkpoint-every=2",
            "--kernel-every=2",
            "--predict=start,limit",
            "--out=" + run)
        .ended(0);
    Path manifest = run.resolve("run.json");
    String text = Files.readString(manifest);
    Files.writeString(manifest, text.replace("\"steps\" : 4", "\"steps\" : 6"));
    Npy.write(run.resolve(name), DenseMatrix.zeros(2, 3), ElementType.FP64);
    Invocation resumed = Invocation.of("resume", run).ended(3);
    assertTrue(resumed.err().contains(name + ": is 2×3, where this run has"), resumed.err());
  }
}
