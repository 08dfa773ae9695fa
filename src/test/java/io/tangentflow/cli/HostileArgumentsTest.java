package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;

/** Values of options, and the files that commands read by themselves, as nobody should write. */
class HostileArgumentsTest {

  private static final long COMMAND_BYTES = 64 << 20;

  /** What a report is made of. */
  private static final Pattern READ = Pattern.compile(".*\\.(json|jsonl|npy)");

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
  @Fuzz(usual = 50, full = 3_000)
  void limitOfAPair(@ForAll Edits edits) throws IOException {
    String norms = edits.of("1,0.5");
    Reading.of(
        "tangentflow: --",
        norms.length(),
        COMMAND_BYTES,
        () -> run("limit", "--depth=1", "--dot=0.25", "--norms=" + norms));
  }

  /** Each file of a finished sweep in its turn, and the report of it. */
  @Fuzz(usual = 60, full = 20_000)
  void reportOfASweep(@ForAll Edits edits) throws IOException {
    report(edits, "sweep", "--width=8,16", "--seeds=2", "--depth=2", "--samples=5");
  }

  /** Each file of a finished training in its turn, and the report of it. */
  @Fuzz(usual = 60, full = 20_000)
  void reportOfATraining(@ForAll Edits edits) throws IOException {
    report(
        edits,
        "train",
        "--width=8",
        "--steps=4",
        "--kernel-every=2",
        "--predict=start,limit",
        "--samples=5");
  }

  private static void report(Edits edits, String... begin) throws IOException {
    Path run = Reading.directory().resolve("run");
    Path valid = Reading.directory().resolve("valid");
    if (!Files.exists(valid)) {
      List<String> line = new ArrayList<>(List.of(begin));
      line.addAll(List.of("--threads=1", "--quiet", "--out=" + valid));
      assertEquals(0, Invocation.of(line.toArray()).code());
    }
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.list(valid)) {
      all.filter(file -> READ.matcher(file.getFileName().toString()).matches())
          .sorted()
          .forEach(files::add);
    }
    Path edited = files.get(edits.original() % files.size());
    for (Path file : files) {
      Reading.file("run/" + file.getFileName(), Files.readAllBytes(file));
    }
    Input input = edits.plain().of(List.of(Files.readAllBytes(edited)));
    Reading.file("run/" + edited.getFileName(), input.bytes());
    Reading.of(
        "run", input.length(), COMMAND_BYTES, () -> run("report", run.toString(), "--quiet"));
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
