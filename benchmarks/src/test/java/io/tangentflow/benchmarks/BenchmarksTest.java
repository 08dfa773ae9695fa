package io.tangentflow.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every benchmark at its smallest, by JMH in this process; times are nothing that is looked at. */
class BenchmarksTest {

  /** Of a {@link Backend}, what is no operation on matrices that a solve or a kernel is made of. */
  private static final Set<String> NOT_TIMED =
      Set.of(
          "name",
          "precision",
          "description",
          "availableBytes",
          "sharesHostMemory",
          "roofline",
          "emulated",
          "allocate",
          "free",
          "workspace",
          "upload",
          "download",
          "repeat",
          "firstNonFinite",
          "close");

  /**
   * JMH keeps the states of a run that failed in static fields, where the next run in the same JVM
   * would find them.
   */
  @BeforeEach
  void forgetWhatFailed() throws ReflectiveOperationException {
    for (BenchmarkListEntry entry : benchmarks()) {
      String method = entry.generatedTarget();
      Class<?> generated = Class.forName(method.substring(0, method.lastIndexOf('.')));
      for (Field field : generated.getDeclaredFields()) {
        if (Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
          field.setAccessible(true);
          field.set(null, null);
        }
      }
    }
  }

  private static Set<BenchmarkListEntry> benchmarks() {
    Set<BenchmarkListEntry> all =
        BenchmarkList.defaultList()
            .getAll(
                OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                List.of());
    assertFalse(all.isEmpty());
    return all;
  }

  @AfterEach
  void nothingIsSpoilt() {
    SpoiltProvider.operation = "";
    SpoiltProvider.calledItself = SpoiltProvider.NAME;
  }

  private static ChainedOptionsBuilder smallest(String include) {
    return new OptionsBuilder()
        .include(include)
        .forks(0)
        .warmupIterations(0)
        .measurementIterations(1)
        .measurementTime(TimeValue.milliseconds(1))
        .verbosity(VerboseMode.SILENT)
        .shouldFailOnError(true)
        .param("width", "48")
        .param("samples", "8")
        .param("entries", "40001")
        .param("order", "60")
        .param("networks", "20")
        .param("pairs", "30");
  }

  private static Collection<RunResult> run(ChainedOptionsBuilder options) throws RunnerException {
    return new Runner(options.build()).run();
  }

  @Test
  void everyBenchmarkComputesWhatItShould() throws RunnerException {
    Collection<RunResult> results = run(smallest("\\.(operation|job)\\."));
    Set<String> names =
        results.stream()
            .map(result -> result.getParams().getBenchmark())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> operations =
        Arrays.stream(Backend.class.getMethods())
            .map(Method::getName)
            .filter(name -> !NOT_TIMED.contains(name))
            .collect(Collectors.toSet());
    for (String operation : operations) {
      String type =
          "." + Character.toUpperCase(operation.charAt(0)) + operation.substring(1) + "Benchmark.";
      assertTrue(
          names.stream().anyMatch(name -> name.contains(".operation" + type)),
          "nothing times " + operation);
    }
    assertEquals(Set.of(), missing(names), "benchmarks that did not run");
  }

  /** Of the benchmarks that JMH knows, those without a result. */
  private static Set<String> missing(Set<String> names) {
    Set<String> all =
        benchmarks().stream()
            .map(BenchmarkListEntry::getUsername)
            .collect(Collectors.toCollection(TreeSet::new));
    all.removeAll(names);
    return all;
  }

  @ParameterizedTest
  @ValueSource(strings = {"GemmBenchmark", "GradientBenchmark", "TwoTimeKernelsBenchmark"})
  void theReferenceBackendPassesTheSameChecks(String benchmark) throws RunnerException {
    run(
        smallest("\\." + benchmark + "\\.")
            .param("backend", "cpu-scalar")
            .param("precision", "fp64")
            .param("threads", "1"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gemm",
        "syrk",
        "activate",
        "stage",
        "step",
        "adjointStage",
        "adjointStep",
        "contract",
        "gaussian",
        "copy",
        "addScaled",
        "dot",
        "softmaxCrossEntropy",
        "adam",
        "dotProductKernel",
        "twoTimeKernels",
        "ensemble"
      })
  void anOperationThatIsWrongFailsItsBenchmark(String operation) {
    assertNotices("(?i)\\." + operation + "Benchmark\\.", operation);
  }

  @ParameterizedTest
  @CsvSource({
    "GradientBenchmark.forward, gemm",
    "GradientBenchmark.forward, stage",
    "GradientBenchmark.gradient, adjointStage",
    "GradientBenchmark.gradient, adjointStep",
    "SolverStepBenchmark, activate",
    "SolverStepBenchmark, step",
    "SolverStepBenchmark, gemm",
    "NtkGramBenchmark, contract",
    "NtkGramBenchmark, syrk",
    "TrainingStepBenchmark, gemm",
    "TrainingStepBenchmark, dot",
    "LargeEnsembleBenchmark, ensemble",
    "PairwiseLimitBenchmark, twoTimeKernels"
  })
  void aWrongOperationFailsTheJobsThatAreMadeOfIt(String benchmark, String operation) {
    assertNotices("\\." + benchmark, operation);
  }

  private static void assertNotices(String include, String operation) {
    ChainedOptionsBuilder options = smallest(include).param("backend", SpoiltProvider.NAME);
    SpoiltProvider.operation = operation;
    RunnerException failure = assertThrows(RunnerException.class, () -> run(options));
    assertEquals(WrongValue.class, root(failure).getClass(), () -> root(failure).toString());
  }

  @Test
  void whatIsSpoiltIsAllThatTheChecksNotice() throws RunnerException {
    run(smallest("\\.(Gemm|Step|Gradient)Benchmark\\.").param("backend", SpoiltProvider.NAME));
  }

  @Test
  void anotherBackendThanTheOneAskedForFails() {
    SpoiltProvider.calledItself = "cpu-vector";
    ChainedOptionsBuilder options =
        smallest("\\.CopyBenchmark\\.").param("backend", SpoiltProvider.NAME);
    RunnerException failure = assertThrows(RunnerException.class, () -> run(options));
    assertTrue(
        root(failure).getMessage().contains("spoilt in fp32 was asked for, and cpu-vector"),
        root(failure).toString());
  }

  @ParameterizedTest
  @CsvSource({"cpu-scalar, fp64, 2, -p threads", "cpu-vector, tf32, 2, --precision"})
  void whatABackendDoesNotHaveIsRefused(
      String backend, String precision, String threads, String field) {
    ChainedOptionsBuilder options =
        smallest("\\.CopyBenchmark\\.")
            .param("backend", backend)
            .param("precision", precision)
            .param("threads", threads);
    RunnerException failure = assertThrows(RunnerException.class, () -> run(options));
    assertEquals(InvalidConfiguration.class, root(failure).getClass());
    assertTrue(root(failure).getMessage().startsWith(field), root(failure).getMessage());
  }

  @Test
  void twoThreadsOnOneBackendAreRefused() {
    ChainedOptionsBuilder options = smallest("\\.CopyBenchmark\\.").threads(2);
    RunnerException failure = assertThrows(RunnerException.class, () -> run(options));
    assertTrue(root(failure).getMessage().startsWith("-t: "), root(failure).getMessage());
  }

  /** What a benchmark threw: JMH hands it over wrapped, or beside others. */
  private static Throwable root(Throwable e) {
    Throwable at = e;
    while (at.getCause() != null || at.getSuppressed().length > 0) {
      at = at.getCause() != null ? at.getCause() : at.getSuppressed()[0];
    }
    return at;
  }
}
