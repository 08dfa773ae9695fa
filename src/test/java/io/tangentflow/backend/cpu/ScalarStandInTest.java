package io.tangentflow.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.StandardActivation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A JVM that was started without the incubating module. */
class ScalarStandInTest {

  private static final String FLAG = "--add-modules jdk.incubator.vector";

  @Test
  void withoutTheVectorModuleTheSameNumbersComeFromScalarLoopsAndOneWarningNamesTheFlag()
      throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName())
            .redirectErrorStream(true)
            .start();
    String output;
    try (InputStream stream = child.getInputStream()) {
      output = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
    assertTrue(child.waitFor(60, TimeUnit.SECONDS), "the child JVM ends");
    assertEquals(0, child.exitValue(), output);
    assertEquals(1, output.split(FLAG, -1).length - 1, output);
    assertTrue(output.contains("scalar loops"), output);

    String result = output.lines().filter(l -> l.startsWith("sum ")).findFirst().orElseThrow();
    double expected = sum();
    double actual = Double.parseDouble(result.substring(4));
    assertTrue(Math.abs(expected) > 1);
    // 2·1000 numbers below 3 in size, each within 1e-14.
    assertEquals(expected, actual, 2e-11);
  }

  /** Prints Σ φ + φ' over a Gaussian matrix, from the second of two backends. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) {
      try (Backend first = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1))) {
        System.out.println(first.description());
      }
      System.out.println("sum " + sum());
    }
  }

  private static double sum() {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1));
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      Matrix h = workspace.allocate(1000, 1);
      Matrix value = workspace.allocate(1000, 1);
      Matrix derivative = workspace.allocate(1000, 1);
      backend.gaussian(h, 5, 1);
      backend.activate(StandardActivation.GELU, h, value, derivative);
      double sum = 0;
      for (int i = 0; i < 1000; i++) {
        sum += backend.download(value).get(i, 0) + backend.download(derivative).get(i, 0);
      }
      return sum;
    }
  }
}
