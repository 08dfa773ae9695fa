package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.Digits;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Normalisation;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.DefaultRealMatrixChangingVisitor;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictCommandTest {

  private static final int N = 30;
  private static final int M = 20;
  private static final double RIDGE = 0.05;

  @TempDir private Path directory;

  private static Invocation predict(Object... more) {
    List<Object> words =
        new ArrayList<>(List.of("predict", "--samples", N, "--test-samples", M, "--json"));
    words.addAll(List.of(more));
    return Invocation.of(words.toArray());
  }

  /** What the command should have worked on. */
  private static final class Digit {
    final Dataset data = new Digits().load(N + M, 0).normalised(Normalisation.SPHERE);
    final LimitGram limit =
        new ContinuumLimit(
                new NeuralOde(data.dimension(), 1, 1, 1, 1, 1, 1, StandardActivation.SOFTPLUS))
            .gram(data.inputs());

    /** y (Θ + δ)⁻¹ Θ(X, ·), 10×(N+M), by a solver of linear equations. */
    RealMatrix regression(DenseMatrix gram) {
      RealMatrix theta = MatrixUtils.createRealMatrix(N + M, N + M);
      theta.walkInOptimizedOrder(
          new DefaultRealMatrixChangingVisitor() {
            @Override
            public double visit(int i, int j, double value) {
              return gram.get(i, j);
            }
          });
      RealMatrix train =
          theta
              .getSubMatrix(0, N - 1, 0, N - 1)
              .add(MatrixUtils.createRealIdentityMatrix(N).scalarMultiply(RIDGE));
      RealMatrix y = MatrixUtils.createRealMatrix(10, N);
      for (int i = 0; i < N; i++) {
        for (int o = 0; o < 10; o++) {
          y.setEntry(o, i, target(o, i));
        }
      }
      return new LUDecomposition(train)
          .getSolver()
          .solve(y.transpose())
          .transpose()
          .multiply(theta.getSubMatrix(0, N - 1, 0, N + M - 1));
    }

    double target(int output, int sample) {
      return (data.classes().orElseThrow().labels()[sample] == output ? 1 : 0) - 0.1;
    }

    double loss(RealMatrix f, int from, int to) {
      double sum = 0;
      for (int i = from; i < to; i++) {
        for (int o = 0; o < 10; o++) {
          sum += 0.5 * Math.pow(f.getEntry(o, i) - target(o, i), 2);
        }
      }
      return sum;
    }

    double accuracy(RealMatrix f, int from, int to) {
      double correct = 0;
      for (int i = from; i < to; i++) {
        double[] outputs = f.getColumn(i);
        double own = outputs[data.classes().orElseThrow().labels()[i]];
        correct += own == Arrays.stream(outputs).max().orElseThrow() ? 1 : 0;
      }
      return correct / (to - from);
    }
  }

  @Test
  void theEndOfTrainingIsTheRegressionOfTheLimitingKernel() {
    Digit digits = new Digit();
    for (String kernel : List.of("ntk", "nngp")) {
      RealMatrix f =
          digits.regression(kernel.equals("ntk") ? digits.limit.ntk() : digits.limit.nngp());
      for (String until : List.of("--steps", "--times")) {
        JsonNode json = predict("--kernel", kernel, "--ridge", RIDGE, until, "inf").ended(0).json();
        JsonNode row = json.at("/predictions/0");
        double loss = digits.loss(f, 0, N);
        assertEquals(loss, row.get("trainLoss").asDouble(), 1e-9 * loss);
        assertEquals(loss / N, row.get("trainLossPerSample").asDouble(), 1e-9 * loss);
        loss = digits.loss(f, N, N + M);
        assertEquals(loss, row.get("testLoss").asDouble(), 1e-9 * loss);
        assertEquals(loss / M, row.get("testLossPerSample").asDouble(), 1e-9 * loss);
        assertEquals(digits.accuracy(f, 0, N), row.get("trainAccuracy").asDouble());
        assertEquals(digits.accuracy(f, N, N + M), row.get("testAccuracy").asDouble());
        assertEquals("onehot", json.get("targets").asText());
        assertTrue(row.get("testVariance").asDouble() > 0);
      }
    }
  }

  @Test
  void whatIsLearntDoesNotDependOnWhatItIsTestedOn() {
    for (String how : List.of("standard", "unit")) {
      double loss = trainLoss(how, 1);
      assertEquals(loss, trainLoss(how, M), 1e-10 * loss, how);
    }
  }

  private static double trainLoss(String how, int testSamples) {
    return Invocation.of(
            "predict",
            "--samples",
            N,
            "--test-samples",
            testSamples,
            "--normalise",
            how,
            "--steps",
            3,
            "--json")
        .ended(0)
        .json()
        .at("/predictions/0/trainLoss")
        .asDouble();
  }

  @Test
  void varianceBeginsAsTheNngpAndLossAsThatOfZero() {
    Digit digits = new Digit();
    double variance = 0;
    for (int i = N; i < N + M; i++) {
      variance += digits.limit.nngp().get(i, i) / M;
    }
    JsonNode row = predict("--steps", 0).ended(0).json().at("/predictions/0");
    assertEquals(variance, row.get("testVariance").asDouble(), 1e-12 * variance);
    assertEquals(0.45 * N, row.get("trainLoss").asDouble(), 1e-12);
    assertEquals(0.45 * M, row.get("testLoss").asDouble(), 1e-12);
  }

  /** Without noise the posterior is where the ensemble of the output layer ends. */
  @Test
  void thePosteriorIsTheEndOfTrainingTheOutputLayer() {
    JsonNode json = predict("--kernel", "nngp", "--steps", "inf").ended(0).json();
    double posterior = json.get("posteriorTestVariance").asDouble();
    assertTrue(posterior > 0);
    assertEquals(posterior, json.at("/predictions/0/testVariance").asDouble(), 1e-6 * posterior);
    JsonNode noisy = predict("--kernel", "nngp", "--ridge", 0.1, "--steps", "inf").ended(0).json();
    assertTrue(
        noisy.get("posteriorTestVariance").asDouble()
            > noisy.at("/predictions/0/testVariance").asDouble());
  }

  /** The steps of descent with a small learning rate are the times of flow. */
  @Test
  void aHalfOfTheLearningRateIsTwiceTheSteps() {
    JsonNode flow = predict("--learning-rate", 1e-7, "--times", "50000").ended(0).json();
    JsonNode descent = predict("--learning-rate", 1e-7, "--steps", "50000").ended(0).json();
    JsonNode half = predict("--learning-rate", 5e-8, "--steps", "100000").ended(0).json();
    double exact = flow.at("/predictions/0/testLoss").asDouble();
    double gap = descent.at("/predictions/0/testLoss").asDouble() - exact;
    double halved = half.at("/predictions/0/testLoss").asDouble() - exact;
    assertEquals(2, gap / halved, 0.01);
  }

  @Test
  void theKernelsFilesPredictAsTheKernelDoes() {
    Path ntk = directory.resolve("ntk.npy");
    Path nngp = directory.resolve("nngp.npy");
    Invocation.of("limit", "--samples", N + M, "--out", ntk, "--nngp-out", nngp).ended(0);
    Object[] until = {"--steps", "1,100", "--learning-rate", 0.001};
    JsonNode expected = predict(until).ended(0).json().get("predictions");
    assertEquals(
        expected,
        predict(with(until, "--gram", ntk, "--nngp", nngp, "--data", "digits"))
            .ended(0)
            .json()
            .get("predictions"));

    Path train = directory.resolve("train.npy");
    Path cross = directory.resolve("cross.npy");
    Path targets = directory.resolve("targets.npy");
    DenseMatrix all = Npy.read(ntk);
    Digit digits = new Digit();
    Npy.write(train, DenseMatrix.ofRows(N, N, i -> row(all, i)), ElementType.FP64);
    Npy.write(cross, DenseMatrix.ofRows(M, N, i -> row(all, N + i)), ElementType.FP64);
    DenseMatrix y = DenseMatrix.zeros(N + M, 10);
    for (int i = 0; i < N + M; i++) {
      for (int o = 0; o < 10; o++) {
        y.set(i, o, digits.target(o, i));
      }
    }
    Npy.write(targets, y, ElementType.FP64);
    JsonNode ofFiles =
        predict(with(until, "--gram", train, "--cross", cross, "--targets-file", targets))
            .ended(0)
            .json();
    assertEquals("data", ofFiles.get("targets").asText());
    for (int k = 0; k < 2; k++) {
      for (String loss : List.of("trainLoss", "testLoss")) {
        double value = expected.get(k).get(loss).asDouble();
        assertEquals(value, ofFiles.at("/predictions/" + k).get(loss).asDouble(), 1e-12 * value);
      }
      assertTrue(ofFiles.at("/predictions/" + k + "/testAccuracy").isNull());
      assertTrue(ofFiles.at("/predictions/" + k + "/testVariance").isNull());
    }
    Npy.write(targets, DenseMatrix.ofRows(N, 10, i -> row10(y, i)), ElementType.FP64);
    JsonNode untested =
        predict(with(until, "--gram", ntk, "--targets-file", targets)).ended(0).json();
    assertEquals(
        ofFiles.at("/predictions/0/trainLoss").asDouble(),
        untested.at("/predictions/0/trainLoss").asDouble(),
        1e-12);
    assertTrue(untested.at("/predictions/0/testLoss").isNull());
  }

  private static double[] row(DenseMatrix all, int i) {
    double[] row = new double[N];
    Arrays.setAll(row, j -> all.get(i, j));
    return row;
  }

  private static double[] row10(DenseMatrix y, int i) {
    double[] row = new double[10];
    Arrays.setAll(row, j -> y.get(i, j));
    return row;
  }

  private static Object[] with(Object[] words, Object... more) {
    List<Object> all = new ArrayList<>(List.of(words));
    all.addAll(List.of(more));
    return all.toArray();
  }

  /** An empirical kernel of coupled outputs, in a regression that reproduces its targets. */
  @Test
  void anEmpiricalKernelOfSeveralOutputsIsUsedAsItIs() {
    Path gram = directory.resolve("K.npy");
    Path targets = directory.resolve("y.npy");
    Invocation.of(
            "ntk",
            "--samples",
            8,
            "--width",
            256,
            "--outputs",
            2,
            "--precision",
            "fp64",
            "--out",
            gram)
        .ended(0);
    DenseMatrix y = new DenseMatrix(5, 2, new double[] {1, 0, -1, 2, 0.5, 0, 0, 1, 1, -2});
    Npy.write(targets, y, ElementType.FP64);
    Path out = directory.resolve("coupled");
    JsonNode json =
        Invocation.of(
                "predict",
                "--samples",
                5,
                "--test-samples",
                3,
                "--gram",
                gram,
                "--targets-file",
                targets,
                "--steps",
                "1,inf",
                "--out",
                out,
                "--json")
            .ended(0)
            .json();
    assertEquals(0, json.at("/predictions/1/trainLoss").asDouble());
    DenseMatrix end = Npy.read(out.resolve("train-outputs-inf.npy"));
    assertTrue(y.distance(end) < 1e-9, "" + y.distance(end));
    // One step from zero: f = η K y, of the last test sample.
    DenseMatrix k = Npy.read(gram);
    DenseMatrix first = Npy.read(out.resolve("test-outputs-1.npy"));
    for (int o = 0; o < 2; o++) {
      double sum = 0;
      for (int i = 0; i < 5; i++) {
        for (int p = 0; p < 2; p++) {
          sum += k.get(7 * 2 + o, i * 2 + p) * y.get(i, p);
        }
      }
      assertEquals(json.get("learningRate").asDouble() * sum, first.get(2, o), 1e-12);
    }
  }

  @Test
  void theDirectoryHoldsWhatIsPrinted() throws Exception {
    Path out = directory.resolve("a/prediction");
    JsonNode json = predict("--steps", "1,10,1000,inf", "--out", out).ended(0).json();
    JsonNode written = new ObjectMapper().readTree(out.resolve("predict.json").toFile());
    assertEquals(json.get("predictions"), written.get("predictions"));
    assertEquals("softplus", written.at("/provenance/limit/activation").asText());
    assertEquals(1 + 4, Files.readAllLines(out.resolve("predictions.csv")).size());
    assertTrue(json.at("/predictions/1/time").isNumber());
    assertEquals(10, json.at("/predictions/1/time").asInt());
    assertEquals("inf", json.at("/predictions/3/time").asText());
    Digit digits = new Digit();
    DenseMatrix f = Npy.read(out.resolve("test-outputs-10.npy"));
    DenseMatrix variance = Npy.read(out.resolve("test-variance-10.npy"));
    double loss = 0;
    for (int i = 0; i < M; i++) {
      for (int o = 0; o < 10; o++) {
        loss += 0.5 * Math.pow(f.get(i, o) - digits.target(o, N + i), 2);
      }
    }
    assertEquals(json.at("/predictions/1/testLoss").asDouble(), loss, 1e-12 * loss);
    assertArrayEquals(new int[] {M, 1}, new int[] {variance.rows(), variance.columns()});
    assertEquals(
        json.at("/predictions/1/testVariance").asDouble(),
        Arrays.stream(variance.values()).average().orElseThrow(),
        1e-14);
    String svg = Files.readString(out.resolve("loss.svg"));
    assertTrue(svg.contains("steps") && svg.contains("test") && svg.contains("training"), svg);
    assertTrue(Files.readString(out.resolve("report.html")).contains("learning rate"));
  }

  @Test
  void aLearningRateThatIsTooGreatIsNamed() {
    Invocation command = predict("--learning-rate", 0.1, "--steps", "1,2").ended(0);
    assertTrue(
        command.err().contains("warning: gradient descent diverges: the learning rate 0.1000"),
        command.err());
    JsonNode json = command.json();
    assertTrue(json.get("greatestRate").asDouble() < 0.1);
    assertTrue(
        json.at("/predictions/1/trainLoss").asDouble()
            > json.at("/predictions/0/trainLoss").asDouble());
    assertTrue(
        !predict("--learning-rate", 0.1, "--times", "1,2").ended(0).err().contains("diverges"));
  }

  /** Copies of a sample are learnt as long as training ends; its end needs a ridge. */
  @Test
  void repeatedSamplesHaveNoRegressionWithoutARidge() throws Exception {
    Path csv = directory.resolve("twice.csv");
    Files.writeString(csv, "a,b,y\n1,2,3\n1,2,4\n2,-1,0\n-1,1,2\n");
    Object[] words = {
      "predict", "--data", "csv:" + csv, "--samples", 3, "--test-samples", 1, "--json"
    };
    Invocation.of(with(words, "--steps", "1,100")).ended(0);
    Invocation.of(with(words, "--steps", "inf", "--ridge", 0.01)).ended(0);
  }
}
