package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.tangentflow.TangentFlowException.ElsewhereFailure;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.kernel.gram.Shard;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.KernelJson;
import io.tangentflow.model.Activations;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.testing.Edits;
import io.tangentflow.testing.Edits.Input;
import io.tangentflow.testing.Fuzz;
import io.tangentflow.testing.Reading;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;

/** Values of options, and the files that commands read by themselves, as nobody should write. */
class HostileArgumentsTest {

  private static final long COMMAND_BYTES = 256 << 20;

  /** What a report is made of, and a training goes on from. */
  private static final Pattern READ =
      Pattern.compile("run/[a-z-]+\\.(json|jsonl|npy)|.*checkpoint\\.json");

  private static final String[] TRAINING = {
    "train",
    "--width=8",
    "--steps=4",
    "--kernel-every=2",
    "--predict=start,limit",
    "--checkpoint-every=2"
  };

  @Fuzz
  void kernelTable(@ForAll Edits edits) throws IOException {
    NeuralOde model = new NeuralOde(3, 1, StandardActivation.SOFTPLUS);
    byte[] valid =
        new KernelJson("a network", new FiniteDepthLimit(model, 2).onSphere(0.7))
            .text()
            .getBytes(StandardCharsets.UTF_8);
    Input input = edits.plain().of(List.of(valid));
    Path file = Reading.file("table.json", input.bytes());
    Reading.of("table.json", input.length(), () -> KernelTable.read(file).kernel().terms());
  }

  @Fuzz
  void activation(@ForAll Edits edits) throws IOException {
    String name = edits.of("polynomial:0:1:0.5", "leaky-relu:0.1", "monomial:3", "softplus");
    Reading.of(
        "--activation", name.length(), () -> Activations.named(Activations.named(name).label()));
  }

  @Fuzz
  void shard(@ForAll Edits edits) throws IOException {
    String word = edits.of("1/4", "12/12");
    Reading.of("--shard", word.length(), () -> Shard.named(word).size(1000));
  }

  @Fuzz
  void gradientMethod(@ForAll Edits edits) throws IOException {
    String name =
        edits.of("discrete:rk4/20", "stored:dormand-prince/1e-6:rk4/10", "checkpointed=4:euler/8");
    Reading.of(
        "--gradient",
        name.length(),
        () ->
            GradientMethods.named(
                "--gradient", name, StandardDynamics.PRE_ACTIVATION, Precision.FP64, false));
  }

  @Fuzz
  void timeNodes(@ForAll Edits edits) throws IOException {
    String word = edits.of("auto", "all", "12");
    Reading.of("--time-nodes", word.length(), () -> TimeNodes.named(word));
  }

  @Fuzz
  void memory(@ForAll Edits edits) throws IOException {
    String size = edits.of("2m", "800k", "1000");
    try (Backend backend = Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1))) {
      Reading.of("--memory", size.length(), () -> MemoryBudget.asked(backend, size));
    }
  }

  /** All that a command line can say of a pair. */
  @Fuzz(usual = 25, full = 2_000)
  void limitOfAPair(@ForAll Edits edits) throws IOException {
    String norms = edits.of("1,0.5");
    Reading.of(
        "tangentflow: --",
        norms.length(),
        COMMAND_BYTES,
        () -> run("limit", "--depth=1", "--dot=0.25", "--norms=" + norms));
  }

  /** Each file of a finished sweep in its turn, and the report of it. */
  @Fuzz(usual = 25, full = 5_000)
  void reportOfASweep(@ForAll Edits edits) throws IOException {
    directory(edits, "run", "report", "sweep", "--width=8,16", "--seeds=2", "--depth=2");
  }

  /** Each file of a finished training in its turn, and the report of it. */
  @Fuzz(usual = 25, full = 5_000)
  void reportOfATraining(@ForAll Edits edits) throws IOException {
    directory(edits, "run", "report", TRAINING);
  }

  /**
   * Each file of a training that has two steps left, and these. It may diverge, where the file says
   * another learning rate; then the sentence is about that.
   */
  @Fuzz(usual = 15, full = 1_000)
  void resumeOfATraining(@ForAll Edits edits) throws IOException {
    directory(edits, "tangentflow: ", "resume", TRAINING);
  }

  private static void directory(Edits edits, String named, String command, String... begin)
      throws IOException {
    Path valid = Reading.directory().resolve("valid");
    if (!Files.exists(valid)) {
      List<String> line = new ArrayList<>(List.of(begin));
      line.addAll(List.of("--samples=5", "--threads=1", "--quiet", "--out=" + valid));
      Invocation.of(line.toArray()).ended(0);
      Path manifest = valid.resolve("run.json");
      String text = Files.readString(manifest);
      Files.writeString(manifest, text.replace("\"steps\" : 4", "\"steps\" : 6"));
    }
    Path run = Reading.directory().resolve("run");
    deleteTree(run);
    List<Path> read = new ArrayList<>();
    for (Path file : tree(valid)) {
      if (Files.isRegularFile(file)) {
        String name = "run/" + valid.relativize(file);
        Path copy = Reading.file(name, Files.readAllBytes(file));
        if (READ.matcher(name).matches()) {
          read.add(copy);
        }
      }
    }
    Path edited = read.get(edits.original() % read.size());
    Input input = edits.plain().of(List.of(Files.readAllBytes(edited)));
    Files.write(edited, input.bytes());
    Reading.of(named, input.length(), COMMAND_BYTES, () -> run(command, run, "--quiet"));
  }

  private static List<Path> tree(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.sorted().toList();
    }
  }

  private static void deleteTree(Path root) throws IOException {
    if (Files.exists(root)) {
      List<Path> all = new ArrayList<>(tree(root));
      Collections.reverse(all);
      for (Path each : all) {
        Files.delete(each);
      }
    }
  }

  /** A command in this JVM. It may refuse, but as no defect of the program. */
  private static void run(Object... line) {
    Invocation invocation = Invocation.of(line);
    if (invocation.code() != 0) {
      assertNotEquals(1, invocation.code(), invocation.err());
      throw new ElsewhereFailure(invocation.code(), "the command", invocation.err().strip());
    }
  }
}
