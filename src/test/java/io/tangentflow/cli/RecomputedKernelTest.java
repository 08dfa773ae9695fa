package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RealVector;
import org.apache.commons.math3.special.Erf;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ntk} and {@code init} against kernels recomputed from nothing but their files. */
class RecomputedKernelTest {

  private static final String PYTHON = "/usr/bin/python3";

  @TempDir private Path directory;
  private Path weights;
  private Path gram;
  private Path inputs;

  @BeforeEach
  void names() {
    weights = directory.resolve("weights");
    gram = directory.resolve("K.npy");
    inputs = directory.resolve("X.npy");
  }

  /** K is the product of the Jacobian, by plain backpropagation through RK4, with itself. */
  @Test
  void gramIsThatOfPlainBackpropagationThroughRk4() {
    int outputs = 2;
    Invocation.of(
            "init",
            "--width",
            30,
            "--input-dim",
            64,
            "--outputs",
            outputs,
            "--seed",
            3,
            "--out",
            weights)
        .ended(0);
    Invocation.of(
            "ntk",
            "--samples",
            5,
            "--width",
            30,
            "--depth",
            4,
            "--outputs",
            outputs,
            "--seed",
            3,
            "--precision",
            "fp64",
            "--horizon",
            1.5,
            "--sigma-u",
            0.9,
            "--sigma-w",
            1.2,
            "--sigma-v",
            0.8,
            "--out",
            gram,
            "--inputs-out",
            inputs)
        .ended(0);
    PlainRk4 plain = new PlainRk4(read("U"), read("W"), read("V"), 4, 1.5, 0.9, 1.2, 0.8);
    RealMatrix x = read(inputs);
    assertEquals(5, x.getRowDimension());
    assertEquals(64, x.getColumnDimension());
    RealVector[] jacobian = new RealVector[5 * outputs];
    for (int i = 0; i < 5; i++) {
      for (int o = 0; o < outputs; o++) {
        jacobian[i * outputs + o] = plain.gradient(x.getRowVector(i), o);
      }
    }
    assertGram(jacobian, read(gram), 1e-12);
  }

  /** Neither backpropagation nor a solver's adjoint: differences of outputs of the program. */
  @Test
  void gramIsThatOfCentralDifferencesOfTheOutputs() {
    Invocation.of("init", "--width", 4, "--input-dim", 3, "--seed", -7, "--out", weights).ended(0);
    Invocation.of(
            "ntk",
            "--data",
            "synthetic:d=3",
            "--samples",
            4,
            "--width",
            4,
            "--depth",
            3,
            "--solver",
            "heun",
            "--activation",
            "gelu",
            "--seed",
            -7,
            "--precision",
            "fp64",
            "--out",
            gram,
            "--inputs-out",
            inputs)
        .ended(0);
    RealMatrix u = read("U");
    RealMatrix w = read("W");
    RealMatrix v = read("V");
    RealMatrix x = read(inputs);
    RealVector[] jacobian = new RealVector[4];
    for (int i = 0; i < 4; i++) {
      jacobian[i] = new ArrayRealVector();
      for (RealMatrix parameter : new RealMatrix[] {u, w, v}) {
        for (int r = 0; r < parameter.getRowDimension(); r++) {
          for (int c = 0; c < parameter.getColumnDimension(); c++) {
            double step = 1e-4;
            double value = parameter.getEntry(r, c);
            parameter.setEntry(r, c, value + step);
            double above = heun(u, w, v, x.getRowVector(i));
            parameter.setEntry(r, c, value - step);
            double below = heun(u, w, v, x.getRowVector(i));
            parameter.setEntry(r, c, value);
            jacobian[i] = jacobian[i].append((above - below) / (2 * step));
          }
        }
      }
    }
    assertGram(jacobian, read(gram), 1e-7);
  }

  /** f(x) by three steps of Heun's method with the exact GELU. */
  private static double heun(RealMatrix u, RealMatrix w, RealMatrix v, RealVector x) {
    DoubleUnaryOperator gelu = z -> z / 2 * (1 + Erf.erf(z / Math.sqrt(2)));
    double scale = 1 / Math.sqrt(w.getRowDimension());
    double dt = 1.0 / 3;
    RealVector h = u.operate(x).mapMultiply(1 / Math.sqrt(x.getDimension()));
    for (int step = 0; step < 3; step++) {
      RealVector k1 = w.operate(h.map(gelu::applyAsDouble)).mapMultiply(scale);
      RealVector y = h.add(k1.mapMultiply(dt));
      RealVector k2 = w.operate(y.map(gelu::applyAsDouble)).mapMultiply(scale);
      h = h.add(k1.add(k2).mapMultiply(dt / 2));
    }
    return v.getRowVector(0).dotProduct(h.map(gelu::applyAsDouble)) * scale;
  }

  @Test
  void traceOverOutputsIsTheMeanOfTheDiagonalBlocks() {
    Path trace = directory.resolve("trace.npy");
    Object[] network = {
      "ntk", "--samples", 3, "--width", 20, "--outputs", 3, "--precision", "fp64", "--out"
    };
    Invocation.of(with(network, gram)).ended(0);
    Invocation.of(with(network, trace, "--trace")).ended(0);
    RealMatrix k = read(gram);
    RealMatrix mean = read(trace);
    assertEquals(9, k.getRowDimension());
    assertEquals(3, mean.getRowDimension());
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        RealMatrix block = k.getSubMatrix(3 * i, 3 * i + 2, 3 * j, 3 * j + 2);
        assertEquals(block.getTrace() / 3, mean.getEntry(i, j), 1e-14 * k.getNorm());
      }
    }
  }

  @Test
  void numpyRecomputesTheGramFromTheFiles() throws Exception {
    assumeTrue(hasNumpy(), PYTHON + " with numpy is not installed here");
    Invocation.of(
            "init",
            "--width",
            300,
            "--input-dim",
            64,
            "--outputs",
            1,
            "--seed",
            3,
            "--out",
            weights)
        .ended(0);
    JsonNode ntk =
        Invocation.of(
                "ntk",
                "--data",
                "digits",
                "--samples",
                40,
                "--width",
                300,
                "--depth",
                10,
                "--solver",
                "rk4",
                "--seed",
                3,
                "--precision",
                "fp64",
                "--out",
                gram,
                "--inputs-out",
                inputs,
                "--json")
            .ended(0)
            .json();
    assertEquals(40, ntk.get("order").asInt());
    Path program = Path.of("src/test/resources/numpy/recompute_ntk.py");
    double difference = Double.parseDouble(python(program, weights, inputs, gram, 10).strip());
    assertTrue(difference < 1e-10, "relative difference " + difference);
  }

  @Test
  void initIsOfTheSeedAlone() throws Exception {
    Path again = directory.resolve("again");
    Path other = directory.resolve("other");
    Object[] init = {"init", "--width", 9, "--input-dim", 4, "--outputs", 2, "--out"};
    Invocation.of(with(init, weights, "--seed", 5)).ended(0);
    Invocation.of(with(init, again, "--seed", 5)).ended(0);
    Invocation.of(with(init, other, "--seed", 6)).ended(0);
    for (String name : new String[] {"U.npy", "W.npy", "V.npy"}) {
      byte[] bytes = Files.readAllBytes(weights.resolve(name));
      assertArrayEquals(bytes, Files.readAllBytes(again.resolve(name)));
      assertTrue(Arrays.mismatch(bytes, Files.readAllBytes(other.resolve(name))) >= 0);
    }
  }

  private static void assertGram(RealVector[] jacobian, RealMatrix gram, double tolerance) {
    assertEquals(jacobian.length, gram.getRowDimension());
    double scale = gram.getNorm();
    assertTrue(scale > 0);
    for (int i = 0; i < jacobian.length; i++) {
      for (int j = 0; j < jacobian.length; j++) {
        double expected = jacobian[i].dotProduct(jacobian[j]);
        assertEquals(expected, gram.getEntry(i, j), tolerance * scale, i + ", " + j);
      }
    }
  }

  private static Object[] with(Object[] words, Object... more) {
    return Stream.of(words, more).flatMap(Stream::of).toArray();
  }

  private RealMatrix read(String name) {
    return read(weights.resolve(name + ".npy"));
  }

  private static RealMatrix read(Path file) {
    DenseMatrix matrix = Npy.readFinite(file);
    RealMatrix result = new Array2DRowRealMatrix(matrix.rows(), matrix.columns());
    for (int i = 0; i < matrix.rows(); i++) {
      for (int j = 0; j < matrix.columns(); j++) {
        result.setEntry(i, j, matrix.get(i, j));
      }
    }
    return result;
  }

  private static boolean hasNumpy() throws Exception {
    return new File(PYTHON).canExecute()
        && new ProcessBuilder(PYTHON, "-c", "import numpy").start().waitFor() == 0;
  }

  private static String python(Object... words) throws IOException, InterruptedException {
    String[] command = new String[words.length + 1];
    command[0] = PYTHON;
    for (int i = 0; i < words.length; i++) {
      command[i + 1] = words[i].toString();
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), text);
    return text;
  }

  /** Gradients of a Softplus network solved by RK4, step by step as in a textbook. */
  private record PlainRk4(
      RealMatrix u,
      RealMatrix w,
      RealMatrix v,
      int depth,
      double horizon,
      double sigmaU,
      double sigmaW,
      double sigmaV) {

    RealVector gradient(RealVector x, int output) {
      double n = w.getRowDimension();
      double dt = horizon / depth;
      RealMatrix flow = w.scalarMultiply(sigmaW / Math.sqrt(n));
      RealVector h = u.operate(x).mapMultiply(sigmaU / Math.sqrt(x.getDimension()));
      RealVector[][] stages = new RealVector[depth][4];
      for (int l = 0; l < depth; l++) {
        RealVector k1 = flow.operate(value(h));
        RealVector y2 = h.add(k1.mapMultiply(dt / 2));
        RealVector k2 = flow.operate(value(y2));
        RealVector y3 = h.add(k2.mapMultiply(dt / 2));
        RealVector k3 = flow.operate(value(y3));
        RealVector y4 = h.add(k3.mapMultiply(dt));
        RealVector k4 = flow.operate(value(y4));
        stages[l] = new RealVector[] {h, y2, y3, y4};
        h = h.add(k1.add(k2.add(k3).mapMultiply(2)).add(k4).mapMultiply(dt / 6));
      }
      RealMatrix gradV = MatrixUtils.createRealMatrix(v.getRowDimension(), (int) n);
      gradV.setRowVector(output, value(h).mapMultiply(sigmaV / Math.sqrt(n)));
      RealVector a =
          v.getRowVector(output).ebeMultiply(slope(h)).mapMultiply(sigmaV / Math.sqrt(n));
      RealMatrix gradW = MatrixUtils.createRealMatrix((int) n, (int) n);
      for (int l = depth - 1; l >= 0; l--) {
        RealVector[] y = stages[l];
        RealVector b4 = a.mapMultiply(dt / 6);
        RealVector c4 = flow.preMultiply(b4).ebeMultiply(slope(y[3]));
        RealVector b3 = a.mapMultiply(dt / 3).add(c4.mapMultiply(dt));
        RealVector c3 = flow.preMultiply(b3).ebeMultiply(slope(y[2]));
        RealVector b2 = a.mapMultiply(dt / 3).add(c3.mapMultiply(dt / 2));
        RealVector c2 = flow.preMultiply(b2).ebeMultiply(slope(y[1]));
        RealVector b1 = a.mapMultiply(dt / 6).add(c2.mapMultiply(dt / 2));
        RealVector c1 = flow.preMultiply(b1).ebeMultiply(slope(y[0]));
        RealVector[] b = {b1, b2, b3, b4};
        for (int s = 0; s < 4; s++) {
          gradW = gradW.add(b[s].outerProduct(value(y[s])).scalarMultiply(sigmaW / Math.sqrt(n)));
        }
        a = a.add(c1).add(c2).add(c3).add(c4);
      }
      RealMatrix gradU = a.outerProduct(x).scalarMultiply(sigmaU / Math.sqrt(x.getDimension()));
      return flat(gradU).append(flat(gradW)).append(flat(gradV));
    }

    private static RealVector value(RealVector h) {
      return h.map(z -> Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))));
    }

    private static RealVector slope(RealVector h) {
      return h.map(z -> 1 / (1 + Math.exp(-z)));
    }

    private static RealVector flat(RealMatrix matrix) {
      RealVector all = new ArrayRealVector();
      for (int i = 0; i < matrix.getRowDimension(); i++) {
        all = all.append(matrix.getRowVector(i));
      }
      return all;
    }
  }
}
