package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.kernel.limit.DotProductKernel;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class KernelFileTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU"})
  void aKernelIsReadAsItWasWrittenToTheLastBit(StandardActivation phi) {
    DotProductKernel kernel = kernel(phi);
    Path path = directory.resolve("kernel.json");
    new KernelFile("some network", kernel).write(path);
    KernelFile read = KernelFile.read(path);
    assertEquals("some network", read.description());
    assertEquals(kernel.scaling(), read.kernel().scaling());
    assertEquals(kernel.argument(), read.kernel().argument());
    assertEquals(kernel.least(), read.kernel().least());
    assertEquals(kernel.greatest(), read.kernel().greatest());
    assertEquals(kernel.ntkError(), read.kernel().ntkError());
    assertEquals(kernel.nngpError(), read.kernel().nngpError());
    assertArrayEquals(kernel.nngp(), read.kernel().nngp());
    assertArrayEquals(kernel.ntk(), read.kernel().ntk());
  }

  private static DotProductKernel kernel(StandardActivation phi) {
    return new FiniteDepthLimit(new NeuralOde(3, 1, phi), 2).onSphere(0.7);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"tangentflow dot-product kernel\" | \"another\" | is not a dot-product kernel",
        "\"version\" : 1 | \"version\" : 2 | has version 2",
        "\"ONE_NORM\" | \"NO_NORM\" | holds no kernel",
        "\"rank\" : 1 | \"rank\" : 3 | holds no kernel",
        "\"rank\" : 1 | \"rank\" : \"one\" | 'rank' must hold finite numbers",
        "\"leastNorm\" | \"norm\" | 'leastNorm' must hold finite numbers",
        "\"nngp\" : [ | \"nngp\" : [ null, | 'nngp' must hold finite numbers",
        "\"nngp\" : [ | \"nngp\" : [ 1e999, | 'nngp' must hold finite numbers",
        "\"format\" | format | is not JSON"
      })
  void aFileThatHoldsNoKernelIsRefusedWithTheReason(String from, String to, String why)
      throws IOException {
    Path path = directory.resolve("kernel.json");
    new KernelFile("some network", kernel(StandardActivation.SOFTPLUS)).write(path);
    String text = Files.readString(path);
    assertTrue(text.contains(from), text);
    Files.writeString(path, text.replace(from, to));
    DataFormat refusal = assertThrows(DataFormat.class, () -> KernelFile.read(path));
    assertTrue(refusal.getMessage().contains(why), refusal.getMessage());
  }

  @Test
  void aFileThatIsNotThereIsSaidSo() {
    DataFormat refusal =
        assertThrows(DataFormat.class, () -> KernelFile.read(directory.resolve("none.json")));
    assertTrue(refusal.getMessage().contains("there is no such file"), refusal.getMessage());
  }
}
