package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.cli.Main;
import io.tangentflow.testing.CudaEmulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How whole JVMs begin with CUDA, or without. */
@Tag("emulator")
class CudaStartTest {

  private static final String[] NTK = {
    "ntk", "--width", "8", "--samples", "3", "--depth", "2", "--backend"
  };

  @TempDir private Path scratch;

  /** JCuda alone unpacks its libraries where JVMs that start together disturb each other. */
  @Test
  void eightJvmsAtOnceBeginInAFreshTemporaryDirectoryFiveTimes() throws Exception {
    Path emulator = emulator();
    for (int round = 0; round < 5; round++) {
      Path temporary = Files.createDirectory(scratch.resolve("tmp" + round));
      List<Child> children = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        children.add(
            new Child(scratch.resolve(round + "-" + i), temporary, emulator, Map.of(), "info"));
      }
      for (Child child : children) {
        Result result = child.await();
        assertEquals(0, result.code(), result.err());
        assertTrue(
            result.out().matches("(?s).*cuda +yes +cuda:0 is CPU emulation.*"), result.out());
      }
      try (Stream<Path> left = Files.list(temporary)) {
        assertEquals(
            List.of(),
            left.filter(file -> file.getFileName().toString().contains("tangentflow")).toList());
      }
    }
  }

  @Test
  void withoutADriverTheCpuComputesAndOneLineSaysWhy() throws Exception {
    expectFallback(null, Map.of(), "no NVIDIA driver library (libcuda.so.1) was found");
  }

  @Test
  void withADriverAndNoDeviceTheCpuComputesAndOneLineSaysWhy() throws Exception {
    expectFallback(
        emulator(), Map.of("TF_CUDA_DEVICES", "0"), "the NVIDIA driver is there but finds no CUDA");
  }

  @Test
  void withoutCublasTheCpuComputesAndOneLineSaysWhy() throws Exception {
    Path driverAlone = Files.createDirectory(scratch.resolve("driver"));
    try (Stream<Path> files = Files.list(emulator())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        if (name.contains(".so") && !name.contains("cublas")) {
          Files.copy(file, driverAlone.resolve(name));
        }
      }
    }
    expectFallback(driverAlone, Map.of(), "no cuBLAS 12 (libcublas.so.12) was found");
  }

  /** With auto the CPU computes; with cuda the command is refused. Both say why, in one line. */
  private void expectFallback(Path libraries, Map<String, String> environment, String reason)
      throws Exception {
    Path temporary = Files.createDirectory(scratch.resolve("tmp"));
    Result auto =
        new Child(scratch.resolve("auto"), temporary, libraries, environment, and(NTK, "auto"))
            .await();
    assertEquals(0, auto.code(), auto.err());
    assertEquals(1, auto.err().lines().filter(line -> line.contains(reason)).count(), auto.err());
    assertTrue(auto.err().contains("on cpu-vector"), auto.err());
    Result cuda =
        new Child(scratch.resolve("cuda"), temporary, libraries, environment, and(NTK, "cuda"))
            .await();
    assertEquals(4, cuda.code(), cuda.err());
    assertEquals("", cuda.out());
    assertTrue(cuda.err().contains("backend cuda is not usable here"), cuda.err());
    assertEquals(1, cuda.err().lines().filter(line -> line.contains(reason)).count(), cuda.err());
    assertFalse(cuda.err().contains("\tat "), cuda.err());
  }

  @Test
  void whereTheMachineCodeIsRefusedThePtxIsLoadedAndALineSaysSo() throws Exception {
    Path temporary = Files.createDirectory(scratch.resolve("tmp"));
    Result result =
        new Child(
                scratch.resolve("ptx"),
                temporary,
                emulator(),
                Map.of("TF_CUDA_REFUSE_MACHINE_CODE", "1"),
                and(NTK, "cuda"))
            .await();
    assertEquals(0, result.code(), result.err());
    assertTrue(result.err().contains("the driver compiles its PTX"), result.err());
    assertTrue(result.err().contains("kernels from PTX"), result.err());
  }

  @Test
  void aDeviceIsChosenByItsNumber() throws Exception {
    Path temporary = Files.createDirectory(scratch.resolve("tmp"));
    Map<String, String> two = Map.of("TF_CUDA_DEVICES", "2");
    Result second =
        new Child(scratch.resolve("a"), temporary, emulator(), two, and(NTK, "cuda:1")).await();
    assertEquals(0, second.code(), second.err());
    assertTrue(second.err().contains("on cuda:1, fp32"), second.err());
    Result third =
        new Child(scratch.resolve("b"), temporary, emulator(), two, and(NTK, "cuda:2")).await();
    assertEquals(2, third.code(), third.err());
    assertTrue(third.err().contains("there is no device cuda:2; the last is cuda:1"), third.err());
  }

  private static Path emulator() {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    return Path.of(System.getProperty("cuda.emulator.dir")).toAbsolutePath();
  }

  private static String[] and(String[] words, String last) {
    return Stream.concat(Stream.of(words), Stream.of(last)).toArray(String[]::new);
  }

  private record Result(int code, String out, String err) {}

  /** A command in a JVM of its own, with a temporary directory and a directory of libraries. */
  private static final class Child {
    private final Path out;
    private final Path err;
    private final Process process;

    Child(
        Path output,
        Path temporary,
        Path libraries,
        Map<String, String> environment,
        String... arguments)
        throws IOException {
      Files.createDirectories(output);
      out = output.resolve("stdout");
      err = output.resolve("stderr");
      List<String> command =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--add-modules",
                  "jdk.incubator.vector",
                  "--enable-native-access=ALL-UNNAMED",
                  "-XX:TieredStopAtLevel=1",
                  "-Djava.io.tmpdir=" + temporary,
                  "-cp",
                  System.getProperty("java.class.path"),
                  Main.class.getName()));
      command.addAll(List.of(arguments));
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
      builder.environment().remove("LD_LIBRARY_PATH");
      if (libraries != null) {
        builder.environment().put("LD_LIBRARY_PATH", libraries.toString());
      }
      builder.environment().putAll(environment);
      process = builder.start();
    }

    Result await() throws Exception {
      try {
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the child ends by itself");
      } finally {
        process.destroyForcibly();
      }
      return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
    }
  }
}
