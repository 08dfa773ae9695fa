package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Normalisation;
import io.tangentflow.data.Npy;
import io.tangentflow.data.Permutation;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.SmallRun;
import io.tangentflow.sweep.SweepConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code train} says, against a training in plain loops that starts from the files that {@code
 * init}, {@code --inputs-out} and {@code --targets-out} write.
 */
class TrainCommandTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int WIDTH = 16;
  private static final int DEPTH = 3;
  private static final int SAMPLES = 7;
  private static final int SEED = 7;
  private static final int BATCH_SEED = 5;

  /**
   * A number is a sum of some hundred products, each rounded, through some dozens of evaluations; a
   * step amplifies what it begins with by less than two.
   */
  private static final double FP64 = 1e-12;

  /** The same in units of 2⁻²⁴ in the place of 2⁻⁵³. */
  private static final double FP32 = 1e-4;

  @TempDir private Path directory;

  private Object[] train(Path run, String data, Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of(
                "train",
                "--data",
                data,
                "--activation",
                "tanh",
                "--samples",
                SAMPLES,
                "--width",
                WIDTH,
                "--depth",
                DEPTH,
                "--seed",
                SEED,
                "--inputs-out",
                directory.resolve("X.npy"),
                "--targets-out",
                directory.resolve("Y.npy"),
                "--json",
                "--out",
                run));
    words.addAll(List.of(more));
    return words.toArray();
  }

  /** The number y to be learnt from three others. */
  private String csv() throws IOException {
    StringBuilder text = new StringBuilder("a,b,c,y\n");
    for (int i = 0; i < SAMPLES + 3; i++) {
      text.append(String.format("%d,%d,%d,%s%n", 1 + i, (i * i) % 5 - 2, 3 - i, Math.sin(1.0 + i)));
    }
    Path file = directory.resolve("numbers.csv");
    Files.writeString(file, text);
    return "csv:" + file;
  }

  @ParameterizedTest
  @ValueSource(strings = {"sphere", "standard", "unit", "none"})
  void trainingInputsAreTheSameWhateverIsTestedOn(String how) throws IOException {
    String data = csv();
    List<DenseMatrix> inputs = new ArrayList<>();
    for (int test : new int[] {0, 2}) {
      Invocation.of(
              train(
                  directory.resolve("run" + test),
                  data,
                  "--steps",
                  0,
                  "--normalise",
                  how,
                  "--test-samples",
                  test))
          .ended(0);
      inputs.add(Npy.readFinite(directory.resolve("X.npy")));
    }
    assertArrayEquals(inputs.get(0).values(), inputs.get(1).values());
  }

  private PlainTraining plain(String solver, int inputDim, int outputs) {
    Path weights = directory.resolve("init");
    if (!Files.exists(weights)) {
      Invocation.of(
              "init",
              "--width",
              WIDTH,
              "--input-dim",
              inputDim,
              "--outputs",
              outputs,
              "--seed",
              SEED,
              "--out",
              weights)
          .ended(0);
    }
    return plain(solver, weights);
  }

  private static PlainTraining plain(String solver, Path weights) {
    return new PlainTraining(
        PlainTraining.Method.valueOf(solver.toUpperCase(Locale.ROOT)),
        DEPTH,
        Npy.readFinite(weights.resolve("U.npy")),
        Npy.readFinite(weights.resolve("W.npy")),
        Npy.readFinite(weights.resolve("V.npy")));
  }

  private static int[] all(DenseMatrix x) {
    return IntStream.range(0, x.rows()).toArray();
  }

  private static Set<Block> trained(String frozen) {
    Set<Block> blocks = EnumSet.allOf(Block.class);
    frozen.chars().filter(c -> c != '-').forEach(c -> blocks.remove(Block.valueOf("" + (char) c)));
    return blocks;
  }

  /** The samples of step k where a step takes so many. */
  private static int[] batch(int samples, int size, int step) {
    int perEpoch = (samples + size - 1) / size;
    int[] order = Permutation.ofEpoch(samples, BATCH_SEED, step / perEpoch);
    int first = step % perEpoch * size;
    return Arrays.copyOfRange(order, first, Math.min(samples, first + size));
  }

  @ParameterizedTest
  @CsvSource({
    "fp64, euler, digits, onehot, squared, sum, descent, 0.02, 0, -",
    "fp64, rk4, digits, labels, squared, sum, descent, 0.005, 0, -",
    "fp64, rk4, csv, data, squared, mean, descent, 0.1, 0, -",
    "fp64, euler, csv, data, squared, sum, momentum, 0.02, 0, -",
    "fp64, rk4, digits, onehot, squared, sum, adam, 0.01, 0, -",
    "fp64, euler, digits, indicator, cross-entropy, sum, descent, 0.05, 0, -",
    "fp64, rk4, digits, indicator, cross-entropy, mean, adam, 0.01, 3, -",
    "fp64, rk4, csv, data, squared, sum, descent, 0.02, 3, -",
    "fp64, euler, digits, onehot, squared, mean, momentum, 0.05, 2, U",
    "fp64, rk4, csv, data, squared, sum, descent, 0.05, 0, V",
    "fp64, rk4, csv, data, squared, sum, adam, 0.01, 0, UW",
    "fp64, euler, csv, data, squared, sum, descent, 0.05, 0, W",
    "fp32, euler, digits, onehot, squared, sum, descent, 0.02, 0, -",
    "fp32, rk4, csv, data, squared, mean, momentum, 0.05, 3, -",
    "fp32, rk4, digits, indicator, cross-entropy, sum, descent, 0.02, 0, -"
  })
  void lossesAreThoseOfPlainLoops(
      String precision,
      String solver,
      String data,
      String targets,
      String loss,
      String weighing,
      String optimiser,
      double rate,
      int batchSize,
      String frozen)
      throws IOException {
    int steps = 8;
    boolean mean = weighing.equals("mean");
    boolean batches = batchSize > 0;
    List<Object> more = new ArrayList<>();
    more.addAll(List.of("--precision", precision, "--solver", solver, "--targets", targets));
    more.addAll(List.of("--loss", loss, "--optimiser", optimiser, "--learning-rate", rate));
    more.addAll(List.of("--steps", steps, "--test-samples", 0, "--test-every", 1));
    more.addAll(List.of("--kernel-every", 0, "--predict", "none"));
    more.addAll(mean ? List.of("--mean") : List.of());
    more.addAll(optimiser.equals("momentum") ? List.of("--momentum", 0.8) : List.of());
    more.addAll(
        batches ? List.of("--batch-size", batchSize, "--batch-seed", BATCH_SEED) : List.of());
    more.addAll(frozen.equals("-") ? List.of() : List.of("--freeze", frozen));
    JsonNode json =
        Invocation.of(
                train(directory.resolve("run"), data.equals("csv") ? csv() : data, more.toArray()))
            .ended(0)
            .json();
    DenseMatrix x = Npy.readFinite(directory.resolve("X.npy"));
    DenseMatrix y = Npy.readFinite(directory.resolve("Y.npy"));
    assertEquals(SAMPLES, x.rows());
    PlainTraining network = plain(solver, x.columns(), y.columns());
    PlainTraining.SampleLoss sampleLoss =
        loss.equals("squared") ? PlainTraining::squared : PlainTraining::crossEntropy;
    PlainTraining.Rule rule = new PlainTraining.Rule(optimiser, rate);
    double tolerance = precision.equals("fp64") ? FP64 : FP32;
    JsonNode losses = json.get("trainLoss");
    assertEquals(steps + 1, losses.size());
    double first = losses.get(0).asDouble();
    for (int k = 0; k <= steps; k++) {
      double weight = mean ? 1.0 / SAMPLES : 1;
      double expected = weight * network.gradient(sampleLoss, x, y, all(x)).loss();
      assertEquals(expected, losses.get(k).asDouble(), tolerance * first, "step " + k);
      if (k < steps) {
        int[] samples = batches ? batch(SAMPLES, batchSize, k) : all(x);
        PlainTraining.Gradient gradient = network.gradient(sampleLoss, x, y, samples);
        double share = mean ? 1.0 / samples.length : 1;
        if (batches) {
          JsonNode seen = json.get("series").get("batchLoss").get("values");
          assertEquals(share * gradient.loss(), seen.get(k).asDouble(), tolerance * first);
        }
        scale(share, gradient.blocks());
        rule.apply(gradient.blocks(), network, trained(frozen));
      }
    }
    assertTrue(losses.get(steps).asDouble() < first, losses.toString());
  }

  /** As the refusal rounds up, what it names is enough. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--width 64 --test-samples 30",
        "--width 512 --depth 2 --precision fp64",
        "--width 64 --batch-size 2 --kernel-every 0 --predict none --learning-rate 0.01"
      })
  void aRefusalNamesTheMemoryThatSuffices(String options) {
    List<Object> words = new ArrayList<>(List.of("train", "--samples", 20, "--steps", 1));
    words.addAll(List.of((Object[]) options.split(" ", -1)));
    String first = "";
    for (String memory : List.of("10", "100k")) {
      String refusal = limited(words, memory).ended(5).err();
      String needs = refusal.replaceAll("(?s).* needs (\\S+ .iB) but .*", "$1");
      assertTrue(first.isEmpty() || needs.equals(first), refusal);
      assertTrue(refusal.contains("budget is " + (memory.equals("10") ? "10 B" : "100.0 KiB")));
      first = needs;
    }
    double number = Double.parseDouble(first.substring(0, first.indexOf(' ')));
    long kibibytes = (long) Math.ceil(first.endsWith("MiB") ? 1024 * number : number);
    limited(words, kibibytes + "k").ended(0);
    limited(words, kibibytes * 9 / 10 + "k").ended(5);
  }

  private Invocation limited(List<Object> words, String memory) {
    List<Object> all = new ArrayList<>(words);
    all.addAll(List.of("--memory", memory, "--out", directory.resolve("run" + memory)));
    return Invocation.of(all.toArray());
  }

  private static void scale(double factor, Map<Block, DenseMatrix> blocks) {
    for (DenseMatrix block : blocks.values()) {
      for (int i = 0; i < block.values().length; i++) {
        block.values()[i] *= factor;
      }
    }
  }

  private static List<JsonNode> lines(Path run) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  private static double distance(PlainTraining a, PlainTraining b, Block block) {
    return a.parameters().get(block).distance(b.parameters().get(block));
  }

  /** Every number of every line, from the parameters that were saved at its step. */
  @ParameterizedTest
  @ValueSource(strings = {"all", "mean"})
  void whatIsWatchedIsWhatTheSavedParametersHave(String kernelOutputs) throws IOException {
    int steps = 4;
    int test = 5;
    double rate = 0.02;
    Path run = directory.resolve("run");
    boolean whole = kernelOutputs.equals("all");
    Invocation.of(
            train(
                run,
                "digits",
                "--precision",
                "fp64",
                "--solver",
                "euler",
                "--learning-rate",
                rate,
                "--steps",
                steps,
                "--test-samples",
                test,
                "--kernel-every",
                1,
                "--kernel-outputs",
                kernelOutputs,
                "--gap-every",
                1,
                "--gap-method",
                "discrete:rk4/" + DEPTH,
                "--checkpoint-every",
                1,
                "--keep",
                steps))
        .ended(0);
    DenseMatrix x = Npy.readFinite(directory.resolve("X.npy"));
    DenseMatrix y = Npy.readFinite(directory.resolve("Y.npy"));
    int m = y.columns();
    DenseMatrix everything =
        DataSource.parse("digits")
            .load(SAMPLES + test, 0)
            .normalised(Normalisation.SPHERE)
            .inputs()
            .transpose();
    PlainTraining start = plain("euler", x.columns(), m);
    DenseMatrix whileStarting = start.kernel(x, EnumSet.allOf(Block.class));
    DenseMatrix limit = coupled(Npy.readFinite(run.resolve("limit-ntk.npy")), m);
    double[] f = residual(start, x, y);
    double[] g = f.clone();
    List<JsonNode> lines = lines(run);
    JsonNode facts = JSON.readTree(run.resolve("start.json").toFile());
    for (int k = 0; k <= steps; k++) {
      JsonNode line = lines.get(k);
      assertEquals(k, line.get("step").asInt());
      Path weights =
          k == 0
              ? directory.resolve("init")
              : run.resolve(String.format("checkpoints/step-%010d", k));
      PlainTraining now = plain("euler", weights);
      double squares = 0;
      for (Block block : Block.values()) {
        double moved = distance(now, start, block);
        close(moved, line.get("distance" + block), 1e-10 * (1 + moved));
        squares += moved * moved;
      }
      close(Math.sqrt(squares), line.get("distance"), 1e-10);

      checkLossAndAccuracy(now, x, y, line, "train");
      DenseMatrix testX = rows(everything, SAMPLES, SAMPLES + test);
      checkLossAndAccuracy(now, testX, testTargets(test, m), line, "test");

      DenseMatrix kernel = now.kernel(x, EnumSet.allOf(Block.class));
      DenseMatrix first = whole ? whileStarting : meanOfOutputs(whileStarting, m);
      DenseMatrix watched = whole ? kernel : meanOfOutputs(kernel, m);
      double[] ends = PlainTraining.extremes(watched);
      double doubt = line.get("eigenvalueDoubt").asDouble();
      assertTrue(doubt < 1e-11 * ends[1], "doubt of λ: " + doubt);
      // The loops round as well, by some hundred times 2⁻⁵³ of the entries.
      double both = doubt + 1e-13 * ends[1];
      close(ends[0], line.get("leastEigenvalue"), both);
      close(ends[1], line.get("greatestEigenvalue"), both);
      close(watched.distance(first) / first.norm(), line.get("kernelChange"), 1e-12);

      checkGap(now, plain("rk4", weights), x, y, line);

      close(0.5 * dot(f, f), line.get("predictedByLimit"), 1e-11 * dot(f, f));
      f = descended(f, limit, rate);
      close(0.5 * dot(g, g), line.get("predictedByStart"), 1e-11 * dot(g, g));
      g = descended(g, whole ? first : coupled(first, m), rate);
      checkRate(k, rate, lines.get(0), facts, limit, line);
    }
  }

  private static void close(double expected, JsonNode seen, double tolerance) {
    assertEquals(expected, seen.asDouble(), tolerance);
  }

  private static void checkLossAndAccuracy(
      PlainTraining now, DenseMatrix x, DenseMatrix y, JsonNode line, String which) {
    double loss = 0;
    int correct = 0;
    for (int i = 0; i < x.rows(); i++) {
      double[] outputs = now.outputs(PlainTraining.row(x, i));
      double[] target = PlainTraining.row(y, i);
      loss += PlainTraining.squared(outputs, target, new double[outputs.length]);
      correct += greatest(outputs) == greatest(target) ? 1 : 0;
    }
    close(loss, line.get(which + "Loss"), FP64 * loss);
    assertEquals((double) correct / x.rows(), line.get(which + "Accuracy").asDouble());
  }

  private static int greatest(double[] values) {
    int at = 0;
    for (int o = 1; o < values.length; o++) {
      at = values[o] > values[at] ? o : at;
    }
    return at;
  }

  private static void checkGap(
      PlainTraining one, PlainTraining other, DenseMatrix x, DenseMatrix y, JsonNode line) {
    PlainTraining.Gradient a = one.gradient(PlainTraining::squared, x, y, all(x));
    PlainTraining.Gradient b = other.gradient(PlainTraining::squared, x, y, all(x));
    double difference = 0;
    double norm = 0;
    for (Block block : Block.values()) {
      difference += Math.pow(a.blocks().get(block).distance(b.blocks().get(block)), 2);
      norm += Math.pow(b.blocks().get(block).norm(), 2);
    }
    close(Math.sqrt(difference / norm), line.get("gradientGap"), 1e-11);
    double outputs = 0;
    double size = 0;
    for (int i = 0; i < x.rows(); i++) {
      double[] f = one.outputs(PlainTraining.row(x, i));
      double[] g = other.outputs(PlainTraining.row(x, i));
      for (int o = 0; o < f.length; o++) {
        outputs += (f[o] - g[o]) * (f[o] - g[o]);
        size += g[o] * g[o];
      }
    }
    close(Math.sqrt(outputs / size), line.get("outputGap"), 1e-11);
    assertTrue(line.get("gradientGap").asDouble() > 1e-3, "the methods differ");
  }

  /** L_0 (1 − min(ηλ₀, 2 − ηλ_max))^2k, λ₀ ≤ λ_min of the limiting kernel. */
  private static void checkRate(
      int k, double rate, JsonNode first, JsonNode facts, DenseMatrix limit, JsonNode line) {
    assertEquals("the limiting kernel", facts.get("rateSource").asText());
    double least = facts.get("rateEigenvalue").asDouble();
    double ofLimit = PlainTraining.extremes(limit)[0];
    assertTrue(least > 0.99 * ofLimit && least <= ofLimit * (1 + 1e-9), least + " " + ofLimit);
    double loss = first.get("trainLoss").asDouble() * Math.pow(1 - rate * least, 2 * k);
    close(loss, line.get("rateBound"), FP64 * loss);
  }

  private static DenseMatrix testTargets(int test, int classes) {
    int[] labels =
        DataSource.parse("digits").load(SAMPLES + test, 0).classes().orElseThrow().labels();
    return DenseMatrix.ofRows(
        test,
        classes,
        i ->
            IntStream.range(0, classes)
                .mapToDouble(o -> (labels[SAMPLES + i] == o ? 1 : 0) - 1.0 / classes)
                .toArray());
  }

  private static DenseMatrix rows(DenseMatrix matrix, int from, int to) {
    return DenseMatrix.ofRows(
        to - from, matrix.columns(), i -> PlainTraining.row(matrix, from + i));
  }

  /** f − y, that of output o of sample i at i·m + o. */
  private static double[] residual(PlainTraining network, DenseMatrix x, DenseMatrix y) {
    double[] residual = new double[x.rows() * y.columns()];
    for (int i = 0; i < x.rows(); i++) {
      double[] f = network.outputs(PlainTraining.row(x, i));
      for (int o = 0; o < f.length; o++) {
        residual[i * f.length + o] = f[o] - y.get(i, o);
      }
    }
    return residual;
  }

  /** r − ηKr. */
  private static double[] descended(double[] r, DenseMatrix kernel, double rate) {
    double[] next = r.clone();
    for (int i = 0; i < r.length; i++) {
      for (int j = 0; j < r.length; j++) {
        next[i] -= rate * kernel.get(i, j) * r[j];
      }
    }
    return next;
  }

  private static double dot(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
  }

  /** K ⊗ I: the kernel of m outputs that do not see each other. */
  private static DenseMatrix coupled(DenseMatrix kernel, int m) {
    DenseMatrix all = DenseMatrix.zeros(kernel.rows() * m, kernel.rows() * m);
    for (int i = 0; i < kernel.rows(); i++) {
      for (int j = 0; j < kernel.rows(); j++) {
        for (int o = 0; o < m; o++) {
          all.set(i * m + o, j * m + o, kernel.get(i, j));
        }
      }
    }
    return all;
  }

  private static DenseMatrix meanOfOutputs(DenseMatrix kernel, int m) {
    DenseMatrix mean = DenseMatrix.zeros(kernel.rows() / m, kernel.rows() / m);
    for (int i = 0; i < mean.rows(); i++) {
      for (int j = 0; j < mean.rows(); j++) {
        for (int o = 0; o < m; o++) {
          mean.set(i, j, mean.get(i, j) + kernel.get(i * m + o, j * m + o) / m);
        }
      }
    }
    return mean;
  }

  /** 2/λ_max of the kernel at the start, of all outputs even where their mean is watched. */
  @ParameterizedTest
  @ValueSource(strings = {"all", "mean"})
  void automaticRateIsItsFractionOfTheOneThatDiverges(String kernelOutputs) {
    JsonNode json =
        Invocation.of(
                train(
                    directory.resolve("run"),
                    "digits",
                    "--precision",
                    "fp64",
                    "--solver",
                    "euler",
                    "--rate-fraction",
                    0.3,
                    "--mean",
                    "--kernel-outputs",
                    kernelOutputs,
                    "--steps",
                    2))
            .ended(0)
            .json();
    DenseMatrix x = Npy.readFinite(directory.resolve("X.npy"));
    PlainTraining network = plain("euler", x.columns(), 10);
    double greatest = PlainTraining.extremes(network.kernel(x, EnumSet.allOf(Block.class)))[1];
    double rate = 0.3 * 2 / (greatest / SAMPLES);
    // Without the whole kernel λ_max is known to a thousandth.
    double tolerance = kernelOutputs.equals("all") ? 1e-11 : 1e-3;
    close(rate, json.get("start").get("learningRate"), tolerance * rate);
  }

  /** Of a part of the kernel, and of the outputs' mean, λ_min is no less than the kernel's own. */
  @ParameterizedTest
  @CsvSource({"0, all, true", "6, all, false", "0, mean, false"})
  void rateHasItsEigenvalueFromTheWholeKernelAlone(int samples, String outputs, boolean known) {
    JsonNode facts =
        Invocation.of(
                train(
                    directory.resolve("run"),
                    "digits",
                    "--precision",
                    "fp64",
                    "--kernel-samples",
                    samples,
                    "--kernel-outputs",
                    outputs,
                    "--predict",
                    "none",
                    "--steps",
                    0))
            .ended(0)
            .json()
            .get("start");
    assertEquals(!known, facts.get("rateEigenvalue").isNull(), facts.toString());
    assertEquals(!known, facts.get("rateSource").isNull(), facts.toString());
  }

  /** λ_min of narrow networks lies far below that of the limit, but at what it is itself. */
  @ParameterizedTest
  @CsvSource({"limit, true", "start, false"})
  void rateWithoutItsPremiseIsSaidToBeAssuredByNothing(String predict, boolean said)
      throws IOException {
    Path run = directory.resolve("run");
    Object[] calm = {"--precision", "fp32", "--steps", 4, "--learning-rate", 1e-5};
    Object[] words =
        Stream.of(calm, new Object[] {"--predict", predict}).flatMap(Arrays::stream).toArray();
    JsonNode json = Invocation.of(train(run, "digits", words)).ended(0).json();
    double rate = json.get("start").get("rateEigenvalue").asDouble();
    double least = lines(run).get(0).get("leastEigenvalue").asDouble();
    double doubt = lines(run).get(0).get("eigenvalueDoubt").asDouble();
    assertEquals(said, least + doubt < rate, least + " " + rate);
    String report = Files.readString(run.resolve("report.html"));
    assertTrue(report.contains("stays below that of Theorem 3"));
    assertEquals(said, report.contains("nothing assures that rate here"));
  }

  /** The lock is another's, and so is what will be beside it. */
  @Test
  void runThatAnotherIsBeginningKeepsItsFiles() throws IOException {
    Path run = directory.resolve("run");
    SweepConfiguration configuration =
        SmallRun.configuration(
            List.of("relu"), List.of("rk4"), List.of(1), List.of(8), List.of(0L), Precision.FP64);
    try (RunDirectory other = RunDirectory.create(run, SmallRun.manifest(configuration))) {
      Files.delete(other.file("run.json")); // As it is before that is written.
      String refused = Invocation.of(train(run, "digits")).ended(11).err();
      assertTrue(refused.contains("working on this run"), refused);
      assertTrue(Files.exists(run.resolve(".lock")));
    }
  }

  @Test
  void linesAreLoggedAsOftenAsAsked() throws IOException {
    Path run = directory.resolve("run");
    Object[] often = {"--log-every", 5, "--steps", 12, "--learning-rate", 0.01};
    Object[] rarely = {"--test-every", 0, "--distance-every", 6, "--kernel-every", 0};
    Object[] both = Stream.of(often, rarely).flatMap(Arrays::stream).toArray();
    Invocation.of(train(run, "digits", both)).ended(0);
    List<Integer> steps = lines(run).stream().map(line -> line.get("step").asInt()).toList();
    assertEquals(List.of(0, 5, 6, 10, 12), steps);
  }
}
