package io.tangentflow.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.Normalisation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.train.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/library.md and the program in README.md do what is said of them. */
class LibraryTest {

  private static final Path PAGE = Path.of("docs", "library.md");

  private static final Pattern NUMBER = Pattern.compile("\\d\\.\\d+");

  // docs/library.md
  /** Trains a network to tell even digits from odd; the fraction of unseen ones that it misses. */
  static double errorRate(int width, int steps) {
    Dataset digits = DataSource.parse("digits").load(600, 0).normalised(Normalisation.SPHERE);
    Dataset.Split split = digits.split(0.5, 0);
    NeuralOde model = new NeuralOde(digits.dimension(), width, StandardActivation.GELU);
    TimeGrid grid = new TimeGrid(Tableau.EULER, 10);
    Parameters start = new Parameters.Seeded(1);
    DenseMatrix x = split.train().inputs();
    DenseMatrix y = isEven(split.train());
    try (Backend backend = Backends.open(Backends.AUTO, new BackendOptions(Precision.FP32));
        Training training = Training.descent(model, grid, start, x, y, 0.002, backend)) {
      while (training.steps() < steps) {
        training.step(); // the loss before it
      }
      DenseMatrix unseen = isEven(split.test());
      DenseMatrix f = training.evaluate(split.test().inputs(), unseen).outputs();
      return IntStream.range(0, f.columns()).filter(i -> f.get(0, i) * unseen.get(0, i) < 0).count()
          / (double) f.columns();
    }
  }

  /** 1 for even digits, −1 for odd ones. */
  static DenseMatrix isEven(Dataset digits) {
    int[] labels = digits.classes().orElseThrow().labels();
    return DenseMatrix.ofRows(
        1, labels.length, row -> IntStream.of(labels).mapToDouble(c -> 1 - 2 * (c % 2)).toArray());
  }

  // end

  @Test
  void aTrainedNetworkTellsEvenDigitsFromOdd() {
    double untrained = errorRate(128, 0);
    double trained = errorRate(128, 200);
    assertTrue(untrained > 0.2, untrained + "");
    assertTrue(trained < 0.12, trained + "");
  }

  @Test
  void thePageHasTheCodeThatRunsHere() throws IOException {
    List<String> marked = PageCode.marked("LibraryTest", PAGE);
    assertEquals(1, marked.size());
    assertEquals(marked, PageCode.shown(PAGE));
  }

  /** As a user would start it. The limit's least eigenvalue is the one that quickstart prints. */
  @Test
  void theProgramOfTheReadmeComparesAKernelWithItsLimit(@TempDir Path directory)
      throws IOException, InterruptedException {
    List<String> shown = PageCode.shown(Path.of("README.md"));
    assertEquals(1, shown.size());
    Path source = Files.writeString(directory.resolve("Example.java"), shown.get(0));
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                source.toString())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertTrue(process.waitFor(3, TimeUnit.MINUTES), "the program ends by itself");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0, process.exitValue(), Files.readString(err));
    assertFalse(Files.readString(err).contains("scalar"), Files.readString(err));
    List<Double> numbers =
        NUMBER
            .matcher(Files.readString(out))
            .results()
            .map(MatchResult::group)
            .map(Double::valueOf)
            .toList();
    assertEquals(3, numbers.size(), numbers + "");
    assertTrue(numbers.get(0) > 0.01 && numbers.get(0) < 0.15, numbers + "");
    assertEquals(0.001580, numbers.get(2), 1e-6);
    assertEquals(numbers.get(2), numbers.get(1), 0.15 * numbers.get(2));
  }
}
