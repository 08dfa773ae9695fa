package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.spectrum.Spectrum;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class CommandsTest {

  private static final List<String> COMMANDS =
      List.of(
          "quickstart",
          "info",
          "init",
          "evaluate",
          "ntk",
          "bench",
          "bench gradient",
          "bench ntk",
          "bench plan",
          "bench limit",
          "bench activation",
          "bench ensemble",
          "bench training",
          "bench scaling",
          "gram info",
          "gram verify",
          "gram export",
          "limit",
          "certify",
          "predict",
          "ensemble",
          "convergence",
          "spectrum",
          "train",
          "sweep",
          "reproduce",
          "resume",
          "report");

  @TempDir private Path directory;

  /** Every command but quickstart, which takes no small inputs. */
  private List<Object[]> happyPaths() {
    Path run = directory.resolve("run");
    assertEquals(
        0,
        Invocation.of("sweep", "--width", "8,16", "--seeds", 2, "--samples", 4, "--out", run)
            .code());
    Path gram = directory.resolve("gram.npy");
    Npy.write(gram, new DenseMatrix(2, 2, new double[] {2, 1, 1, 2}), ElementType.FP64);
    Path store = directory.resolve("store");
    Path targets = directory.resolve("y.npy");
    Npy.write(targets, new DenseMatrix(4, 1, new double[] {1, -1, 2, 0}), ElementType.FP64);
    Object[] stored = {
      "ntk",
      "--samples",
      4,
      "--width",
      8,
      "--store",
      store,
      "--tile",
      3,
      "--store-precision",
      "FP32"
    };
    assertEquals(0, Invocation.of(stored).code());
    return List.of(
        new Object[] {"info"},
        new Object[] {
          "init", "--width", 5, "--input-dim", 3, "--out", directory.resolve("a/b/weights")
        },
        new Object[] {
          "evaluate",
          "src/main/resources/io/tangentflow/data/reference-networks.json",
          "--precision",
          "fp64"
        },
        new Object[] {
          "ntk",
          "--samples",
          4,
          "--width",
          16,
          "--depth",
          2,
          "--backend",
          "cpu-scalar",
          "--precision",
          "fp64"
        },
        new Object[] {"ntk", "--samples", 4, "--width", 16, "--outputs", 2, "--trace"},
        new Object[] {"ntk", "--samples", 4, "--plan"},
        stored,
        with(stored, "--shard", "2/2", "--plan"),
        new Object[] {"gram", "info", store, "--shards", 2},
        new Object[] {"gram", "verify", store},
        new Object[] {
          "gram", "export", store, "--out", directory.resolve("K.npy"), "--precision", "fp64"
        },
        new Object[] {"ntk", "--samples", 4, "--width", 16, "--outputs", 2, "--matrix-free"},
        new Object[] {"ntk", "--samples", 4, "--width", 16, "--matrix-free", "--plan"},
        new Object[] {
          "ntk",
          "--samples",
          4,
          "--width",
          16,
          "--precision",
          "fp64",
          "--matrix-free",
          "--solve",
          targets,
          "--ridge",
          0.5,
          "--solution-out",
          directory.resolve("alpha.npy")
        },
        new Object[] {"limit", "--norms", "1,1", "--dot", 0.25},
        new Object[] {"limit", "--samples", 4, "--activation", "RELU", "--depth", 3},
        new Object[] {"limit", "--samples", 4, "--data", "synthetic:d=3", "--depth", "INF"},
        new Object[] {"certify", "--samples", 4},
        new Object[] {"certify", "--gram", gram, "--learning-rate", 0.1},
        new Object[] {
          "predict",
          "--samples",
          20,
          "--test-samples",
          9,
          "--targets",
          "Labels",
          "--times",
          "0,0.5,20,INF",
          "--kernel",
          "NNGP",
          "--out",
          directory.resolve("predict")
        },
        new Object[] {
          "predict",
          "--data",
          "synthetic:d=3",
          "--samples",
          6,
          "--test-samples",
          2,
          "--depth",
          2,
          "--out",
          directory.resolve("predict-depth")
        },
        new Object[] {"ensemble", "--networks", 20, "--width", 8, "--samples", 2},
        new Object[] {
          "ensemble",
          "--networks",
          5,
          "--width",
          8,
          "--samples",
          2,
          "--solver",
          "Euler",
          "--activation",
          "quadratic",
          "--horizon",
          9,
          "--sigma-w",
          0.01,
          "--outputs",
          2
        },
        new Object[] {
          "convergence",
          "--activation",
          "tanh",
          "--width",
          8,
          "--depth",
          "2,4,8",
          "--samples",
          2,
          "--out",
          directory.resolve("convergence")
        },
        new Object[] {"spectrum", gram},
        new Object[] {"spectrum", gram, "--extreme", 1},
        new Object[] {"spectrum", store},
        new Object[] {"spectrum", store, "--extreme", 1},
        new Object[] {
          "sweep",
          "--width",
          "8,16",
          "--seeds",
          2,
          "--samples",
          4,
          "--out",
          directory.resolve("sweep")
        },
        new Object[] {
          "train",
          "--samples",
          6,
          "--test-samples",
          2,
          "--width",
          8,
          "--steps",
          3,
          "--optimiser",
          "MOMENTUM",
          "--loss",
          "Cross-Entropy",
          "--kernel-outputs",
          "Mean",
          "--predict",
          "None",
          "--checkpoint-every",
          0,
          "--watch",
          "--out",
          directory.resolve("train")
        },
        new Object[] {"resume", run},
        new Object[] {"report", run});
  }

  /** Results alone on standard output; with --json one object; with --quiet no other line. */
  @TestFactory
  Stream<DynamicTest> resultsAreOnStandardOutputAndStatusIsNot() {
    return happyPaths().stream()
        .map(
            words ->
                DynamicTest.dynamicTest(
                    String.join(" ", Stream.of(words).map(Object::toString).toList()),
                    () -> {
                      Invocation text = Invocation.of(words).ended(0);
                      assertFalse(text.out().isBlank());
                      clearOutput(words);
                      Invocation json = Invocation.of(with(words, "--json")).ended(0);
                      assertFalse(json.json().isEmpty(), json.out());
                      clearOutput(words);
                      Invocation quiet = Invocation.of(with(words, "--json", "-q")).ended(0);
                      assertEquals("", quiet.err());
                      assertFalse(quiet.json().isEmpty(), json.out());
                    }));
  }

  private static Object[] with(Object[] words, Object... more) {
    return Stream.concat(Stream.of(words), Stream.of(more)).toArray();
  }

  /** What wants a new directory gets it again. */
  private static void clearOutput(Object[] words) throws Exception {
    if (List.<Object>of("init", "sweep", "train", "convergence", "predict").contains(words[0])) {
      Path out = (Path) words[words.length - 1];
      try (Stream<Path> files = Files.list(out)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static Invocation with(String command, String option) {
    return Invocation.of((Object[]) (command + " " + option).split(" ")).ended(0);
  }

  @TestFactory
  Stream<DynamicTest> everyCommandHasHelpAndVersion() {
    return COMMANDS.stream()
        .map(
            command ->
                DynamicTest.dynamicTest(
                    command,
                    () -> {
                      Invocation help = with(command, "--help");
                      assertTrue(help.out().startsWith("Usage: tangentflow " + command));
                      assertTrue(help.out().contains("--json"), help.out());
                      assertTrue(help.out().contains("--quiet"), help.out());
                      assertEquals("", help.err());
                      Invocation version = with(command, "--version");
                      assertTrue(version.out().startsWith("tangentflow "), version.out());
                    }));
  }

  @Test
  void helpListsEveryCommandAndEveryExitCode() {
    String help = Invocation.of("--help").ended(0).out();
    for (String command : COMMANDS) {
      assertTrue(help.contains("\n  " + command.replaceFirst(" .*", "")), command);
    }
    for (int code : new int[] {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 130}) {
      assertTrue(help.matches("(?s).*\\n *" + code + " .*"), "code " + code);
    }
  }

  /** With two options of the program, all commands are read with all of theirs. */
  @Test
  void theListOfCommandsIsThatOfAllTheirOptionsRead() {
    Invocation all = Invocation.of("--help", "--version");
    assertEquals(all, Invocation.of("--help"));
    assertEquals(all, Invocation.of("-h"));
    assertEquals(Invocation.of("-V"), Invocation.of("--version"));
    assertEquals(all, Invocation.of("help"));
    assertEquals(with("gram info", "--help"), Invocation.of("help", "gram", "info"));
  }

  /** Under headings; none is lost or told twice. */
  @TestFactory
  Stream<DynamicTest> helpTellsEveryOptionOnce() {
    return COMMANDS.stream()
        .map(
            name ->
                DynamicTest.dynamicTest(
                    name,
                    () -> {
                      String help = with(name, "--help").out();
                      CommandLine command = Main.withCommands(name.replaceFirst(" .*", ""));
                      for (String word : Pattern.compile(" ").splitAsStream(name).toList()) {
                        command = command.getSubcommands().get(word);
                      }
                      for (OptionSpec option : command.getCommandSpec().options()) {
                        long told =
                            Pattern.compile(
                                    "(?m)^ {2}(    |-\\w, )" + option.longestName() + "(?![\\w-])")
                                .matcher(help)
                                .results()
                                .count();
                        assertEquals(1, told, option.longestName() + " in\n" + help);
                      }
                      assertTrue(help.contains("\nOutput and help:\n"), help);
                    }));
  }

  /** Each option has one description wherever it is offered, but for lists and defaults. */
  @Test
  void everyOptionStatesItsDefaultOrThatItIsRequired() {
    for (String command : COMMANDS) {
      String help = with(command, "--help").out();
      for (String option : Pattern.compile("\\n(?= {2,6}-)").splitAsStream(help).toList()) {
        if (option.strip().startsWith("--")
            && option.contains("=")
            && !option
                .strip()
                .matches(
                    "(?s)--(out|inputs-out|targets-out|nngp-out|table-out|decay-out|histogram-out|norms|dot)=.*")) {
          assertTrue(option.contains("default:") || option.contains("(required)"), option);
        }
      }
    }
  }

  @Test
  void structuredAndExplicitGramsAgree() {
    List<DenseMatrix> grams = new ArrayList<>();
    for (String how : List.of("structured", "Explicit")) {
      Path out = directory.resolve(how + ".npy");
      JsonNode json =
          Invocation.of(
                  "ntk",
                  "--samples",
                  6,
                  "--width",
                  24,
                  "--depth",
                  3,
                  "--outputs",
                  2,
                  "--precision",
                  "fp64",
                  "--gram",
                  how,
                  "--out",
                  out,
                  "--json")
              .ended(0)
              .json();
      assertEquals(how.toLowerCase(Locale.ROOT), json.get("algorithm").asText());
      grams.add(Npy.readFinite(out));
    }
    assertEquals(12, grams.get(0).rows());
    assertTrue(grams.get(0).distance(grams.get(1)) < 1e-13 * grams.get(0).norm());
  }

  @Test
  void fewerNodesInTimeAgreeWithinTheirError() {
    List<DenseMatrix> grams = new ArrayList<>();
    JsonNode auto = null;
    for (String nodes : List.of("all", "auto")) {
      Path out = directory.resolve(nodes + ".npy");
      Object[] ntk = {
        "ntk",
        "--samples",
        6,
        "--width",
        40,
        "--solver",
        "euler",
        "--precision",
        "fp64",
        "--gram",
        nodes.equals("all") ? "structured" : "compressed",
        "--time-nodes",
        nodes,
        "--out",
        out,
        "--json"
      };
      auto = Invocation.of(ntk).ended(0).json();
      grams.add(Npy.readFinite(out));
    }
    assertTrue(auto.get("timeNodes").asInt() < 8, auto.toString());
    double error = auto.get("timeNodesError").asDouble();
    assertTrue(grams.get(0).distance(grams.get(1)) <= error + 1e-13 * grams.get(0).norm());
    assertTrue(error < 1e-6 * grams.get(0).norm(), auto.toString());
  }

  @Test
  void gramInFp32ReportsItsDifferenceFromFp64() {
    JsonNode json = Invocation.of("ntk", "--samples", 10, "--width", 64, "--json").ended(0).json();
    double difference = json.get("differenceFromFp64").asDouble();
    assertTrue(difference > 1e-9 && difference < 1e-5, json.toString());
  }

  @Test
  void differenceFromFp64IsLeftOutWithAWarningWhereItDoesNotFit() {
    // Of W a panel of an eighth takes 8 MiB in fp32 and 16 MiB in fp64.
    Invocation ntk =
        Invocation.of(
                "ntk",
                "--samples",
                2,
                "--width",
                4096,
                "--depth",
                1,
                "--solver",
                "euler",
                "--memory",
                "14m",
                "--json",
                "-q")
            .ended(0);
    assertTrue(ntk.json().get("differenceFromFp64").isNull(), ntk.out());
    assertTrue(ntk.err().startsWith("warning: the difference from fp64 is not computed"));
    assertEquals(1, ntk.err().lines().count(), ntk.err());
  }

  @Test
  void planIsPrintedWithoutComputing() {
    JsonNode plan =
        Invocation.of("ntk", "--samples", 4, "--width", 16, "--plan", "--json").ended(0).json();
    assertTrue(plan.get("planBytes").asLong() > 0 && plan.get("flops").asDouble() > 0);
    double expected = plan.get("expectedSeconds").asDouble();
    double ofParts = 0;
    for (JsonNode part : plan.get("parts")) {
      ofParts += part.get("expectedSeconds").asDouble();
    }
    assertEquals(ofParts, expected, 1e-9 * expected);
    assertEquals(1, plan.get("others").size());
    JsonNode other = plan.get("others").get(0);
    assertEquals(
        Set.of("structured", "explicit"),
        Set.of(plan.get("algorithm").asText(), other.get("algorithm").asText()));
    assertTrue(other.get("expectedSeconds").asDouble() >= expected);
  }

  @Test
  void benchOfPlansSaysHowGoodTheChoiceWas() {
    JsonNode bench =
        Invocation.of(
                "bench",
                "plan",
                "--widths",
                "8,16",
                "--samples",
                3,
                "--depths",
                4,
                "--input-dim",
                5,
                "--json")
            .ended(0)
            .json();
    assertEquals(2, bench.get("problems").size());
    double worst = 0;
    for (JsonNode problem : bench.get("problems")) {
      double best = Double.POSITIVE_INFINITY;
      double chosen = Double.NaN;
      for (JsonNode plan : problem.get("plans")) {
        double seconds = plan.get("seconds").asDouble();
        best = Math.min(best, seconds);
        chosen = plan.get("algorithm").equals(problem.get("chosen")) ? seconds : chosen;
      }
      assertEquals(3, problem.get("plans").size());
      assertEquals(chosen / best, problem.get("chosenOverBest").asDouble(), 1e-12);
      worst = Math.max(worst, chosen / best);
    }
    assertEquals(worst, bench.get("worstChosenOverBest").asDouble(), 1e-12);
  }

  @Test
  void limitOfDataAgreesWithLimitsOfPairs() {
    Path inputs = directory.resolve("X.npy");
    Npy.write(
        inputs, DenseMatrix.ofRows(3, 2, i -> new double[] {i - 1.5, 0.5 + i}), ElementType.FP64);
    Path ntk = directory.resolve("ntk.npy");
    Path nngp = directory.resolve("nngp.npy");
    Invocation.of(
            "limit",
            "--data",
            "npy:" + inputs,
            "--samples",
            3,
            "--normalise",
            "none",
            "--depth",
            4,
            "--out",
            ntk,
            "--nngp-out",
            nngp,
            "--threads",
            1)
        .ended(0);
    // The samples are drawn in another order than the file's; diagonals tell them apart.
    DenseMatrix k = Npy.readFinite(ntk);
    DenseMatrix g = Npy.readFinite(nngp);
    double traceNtk = 0;
    double traceNngp = 0;
    for (int i = 0; i < 3; i++) {
      double x0 = i - 1.5;
      double x1 = 0.5 + i;
      double q = (x0 * x0 + x1 * x1) / 2;
      JsonNode pair =
          Invocation.of("limit", "--norms", q + "," + q, "--dot", q, "--depth", 4, "--json")
              .ended(0)
              .json();
      traceNtk += pair.get("ntk").asDouble();
      traceNngp += pair.get("nngp").asDouble();
    }
    assertEquals(traceNtk, k.get(0, 0) + k.get(1, 1) + k.get(2, 2), 1e-10 * traceNtk);
    assertEquals(traceNngp, g.get(0, 0) + g.get(1, 1) + g.get(2, 2), 1e-10 * traceNngp);
  }

  /** The same eigenvalues by LAPACK, by Lanczos on the file, and without a Gram matrix. */
  @Test
  void extremeEigenvaluesAreTheSameOnEveryWay() {
    Path gram = directory.resolve("extreme.npy");
    Object[] network = {"ntk", "--samples", 12, "--width", 48, "--precision", "fp64", "--json"};
    JsonNode ntk = Invocation.of(with(network, "--out", gram)).ended(0).json();
    Path values = directory.resolve("values.npy");
    JsonNode file =
        Invocation.of("spectrum", gram, "--extreme", 2, "--out", values, "--json").ended(0).json();
    JsonNode free =
        Invocation.of(with(network, "--matrix-free", "--extreme", 2, "--tolerance", 1e-9))
            .ended(0)
            .json();
    DenseMatrix written = Npy.readFinite(values);
    assertEquals(4, written.rows());
    for (JsonNode way : List.of(file, free)) {
      assertTrue(way.get("converged").asBoolean(), way.toString());
      assertEquals(12, way.get("order").asInt());
      double least = ntk.get("leastEigenvalue").asDouble();
      double greatest = ntk.get("greatestEigenvalue").asDouble();
      double error = ntk.get("leastEigenvalueError").asDouble();
      JsonNode low = way.get("least").get(0);
      JsonNode high = way.get("greatest").get(1);
      // The features' own products are in error by as much as the Gram's.
      double gramError = 2 * free.get("productError").asDouble();
      assertEquals(
          least, low.get("value").asDouble(), error + gramError + low.get("bound").asDouble());
      assertEquals(
          greatest, high.get("value").asDouble(), error + gramError + high.get("bound").asDouble());
      assertEquals(
          greatest / least, way.get("conditionNumberAtLeast").asDouble(), 1e-6 * greatest / least);
    }
    assertEquals(file.get("least").get(1).get("value").asDouble(), written.get(1, 0));
    assertEquals(
        ntk.get("leastEigenvalue").asDouble(),
        file.get("verifiedLeast").get("value").asDouble(),
        file.get("verifiedLeast").get("bound").asDouble()
            + ntk.get("leastEigenvalueError").asDouble());
    assertTrue(free.get("verifiedLeast").isNull());
  }

  /** So that a matrix can be told from another by what stood beside it. */
  @Test
  void kernelsNameTheirNetworkAndTheirData() {
    Object[] network = {"--samples", 3, "--sigma-w", 0.5, "--activation", "tanh", "--json"};
    for (Object[] command :
        List.of(
            with(new Object[] {"ntk"}, with(network, "--width", 8)),
            with(new Object[] {"limit"}, network))) {
      JsonNode json = Invocation.of(command).ended(0).json();
      assertEquals("tanh", json.get("activation").asText());
      assertEquals(0.5, json.get("sigmaW").asDouble());
      assertEquals("digits", json.get("data").asText());
      assertEquals(3, json.get("samples").asInt());
      assertEquals("sphere", json.get("normalise").asText());
      assertEquals(64, json.get("files").elements().next().asText().length());
    }
  }

  /** Width 2, 2 inputs: the rank is at most 2·2 + 2·2 + 2·3 of all outputs, 2(2·2 + 2·2) + 2. */
  @ParameterizedTest
  @CsvSource({"false, 14, 5", "true, 18, 19"})
  void kernelOfMoreRowsThanItsRankIsSaidToBeSingular(boolean trace, int rank, int samples) {
    Path kernel = directory.resolve("K.npy");
    Object[] network = {
      "ntk",
      "--data",
      "synthetic:d=2",
      "--width",
      2,
      "--outputs",
      3,
      "--activation",
      "gelu",
      "--sigma-w",
      2,
      "--depth",
      3,
      "--precision",
      "fp64",
      "--json",
      "--out",
      kernel
    };
    Object[] asked = trace ? with(network, "--trace") : network;
    JsonNode most = Invocation.of(with(asked, "--samples", samples - 1)).ended(0).json();
    assertFalse(most.get("leastEigenvalueSign").asText().equals("zero"), most.toString());
    JsonNode more = Invocation.of(with(asked, "--samples", samples)).ended(0).json();
    assertEquals("zero", more.get("leastEigenvalueSign").asText());
    Invocation.of(with(asked, "--samples", 40)).ended(0);
    DenseMatrix gram = Npy.readFinite(kernel);
    double[] eigenvalues = Spectrum.eigenvalues(gram);
    double rounding = 1e-13 * Arrays.stream(eigenvalues).max().orElseThrow();
    assertEquals(rank, Arrays.stream(eigenvalues).filter(e -> e > rounding).count());
  }

  @Test
  void eigenvaluesThatDoNotConvergeAreSaidAloud() {
    Invocation few =
        Invocation.of(
                "ntk",
                "--samples",
                60,
                "--width",
                32,
                "--matrix-free",
                "--extreme",
                1,
                "--max-products",
                8,
                "--quiet",
                "--json")
            .ended(0);
    assertFalse(few.json().get("converged").asBoolean());
    assertTrue(few.json().get("products").asInt() <= 8);
    assertTrue(few.err().contains("did not converge in"), few.err());
  }

  @Test
  void spectrumOfTheGramIsThatOfItsFile() {
    Path gram = directory.resolve("K.npy");
    Path values = directory.resolve("values.npy");
    JsonNode ntk =
        Invocation.of(
                "ntk",
                "--samples",
                8,
                "--width",
                32,
                "--precision",
                "fp64",
                "--out",
                gram,
                "--json")
            .ended(0)
            .json();
    JsonNode spectrum = Invocation.of("spectrum", gram, "--out", values, "--json").ended(0).json();
    assertEquals(8, spectrum.get("order").asInt());
    assertEquals(ntk.get("leastEigenvalue"), spectrum.get("leastEigenvalue"));
    assertEquals(ntk.get("greatestEigenvalue"), spectrum.get("greatestEigenvalue"));
    assertEquals(0, spectrum.get("negative").asInt());
    DenseMatrix written = Npy.readFinite(values);
    assertEquals(8, written.rows());
    assertEquals(
        Spectrum.least(Npy.readFinite(gram)).value(),
        written.get(0, 0),
        spectrum.get("leastEigenvalueError").asDouble());
  }

  @Test
  void infoNamesEveryBackendWithItsReason() {
    JsonNode info = Invocation.of("info", "--json").ended(0).json();
    List<String> names = new ArrayList<>();
    for (JsonNode backend : info.get("backends")) {
      names.add(backend.get("name").asText());
      assertFalse(backend.get("reason").asText().isBlank());
    }
    assertTrue(names.containsAll(List.of("cpu-vector", "cpu-scalar")), names.toString());
    assertTrue(info.get("heapBytes").asLong() > 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"limit --norms 1,1 --dot 0", "--help", "--version", "limit --help"})
  void standardOutputThatCannotBeWrittenIsAFailure(String line) {
    StringWriter err = new StringWriter();
    PrintWriter full =
        new PrintWriter(
            new Writer() {
              @Override
              public void write(char[] text, int from, int length) throws IOException {
                throw new IOException("no space left");
              }

              @Override
              public void flush() {}

              @Override
              public void close() {}
            });
    assertEquals(11, Main.run(full, new PrintWriter(err, true), line.split(" ", -1)));
    assertTrue(err.toString().contains("standard output"), err.toString());
  }

  /** As users run it: its own JVM, results on one stream, status on the other. */
  @Test
  void childProcessKeepsItsStreamsApart() throws Exception {
    Path gram = directory.resolve("K.npy");
    Invocation ntk =
        Invocation.child(
                directory,
                List.of("-Xmx256m"),
                "ntk",
                "--samples",
                4,
                "--width",
                16,
                "--out",
                gram,
                "--json")
            .ended(0);
    assertEquals(4, ntk.json().get("order").asInt());
    assertTrue(ntk.err().lines().anyMatch(line -> line.startsWith("plan: ")), ntk.err());
    assertTrue(Files.exists(gram));
  }

  /** Digits of the user's language would spoil files: in Egypt, %d writes Arabic ones. */
  @Test
  void filesAndSentencesDoNotDependOnTheLanguage() throws Exception {
    Path weights = directory.resolve("weights");
    List<String> egypt = List.of("-Xmx256m", "-Duser.language=ar", "-Duser.country=EG");
    Invocation.child(
            directory, egypt, "init", "--width", 7, "--input-dim", 3, "--out", weights, "-q")
        .ended(0);
    assertEquals(7, Npy.readFinite(weights.resolve("W.npy")).rows());
    Invocation refused = Invocation.child(directory, egypt, "ntk", "--memory", "100k").ended(5);
    assertTrue(refused.err().contains("100 samples"), refused.err());
    assertTrue(refused.err().contains("100.0 KiB"), refused.err());
  }

  @Test
  void exhaustedHeapEndsWithOneSentence() throws Exception {
    for (Object[] words :
        List.of(
            new Object[] {"ntk", "--width", 40_000, "-q"},
            new Object[] {"limit", "--samples", 1797, "-q"})) {
      Invocation command = Invocation.child(directory, List.of("-Xmx48m"), words).ended(5);
      assertEquals(1, command.err().lines().count(), command.err());
      assertTrue(command.err().contains("-Xmx"), command.err());
      assertEquals("", command.out());
    }
  }

  @Test
  void aKernelThatVanishesInBothPrecisionsDoesNotDifferFromFp64() {
    Object[] words = {
      "ntk", "--samples", 4, "--width", 16, "--sigma-v", 0, "--sigma-w", 0, "--precision", "fp32"
    };
    JsonNode json = Invocation.of(with(words, "--json")).ended(0).json();
    assertEquals(0, json.get("norm").asDouble());
    assertTrue(json.get("differenceFromFp64").isNumber(), json.toString());
    assertEquals(0, json.get("differenceFromFp64").asDouble());
    assertEquals(0, json.get("leastEigenvalueUncertainty").asDouble());
    assertFalse(Invocation.of(words).ended(0).out().contains("NaN"));
  }
}
