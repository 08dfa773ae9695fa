package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RealVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Systems solved without a Gram matrix against Cholesky's factorisation of it. */
class KernelSolveTest {

  private static final int SAMPLES = 14;

  @TempDir private Path directory;

  private static Object[] network(int outputs, Object... more) {
    Object[] words = {
      "ntk",
      "--samples",
      SAMPLES,
      "--width",
      40,
      "--depth",
      3,
      "--outputs",
      outputs,
      "--precision",
      "fp64"
    };
    return Stream.of(words, more).flatMap(Stream::of).toArray();
  }

  private RealMatrix gram(int outputs) {
    Path file = directory.resolve("K" + outputs + ".npy");
    Invocation.of(network(outputs, "--gram", "structured", "--out", file)).ended(0);
    DenseMatrix k = Npy.readFinite(file);
    RealMatrix gram = MatrixUtils.createRealMatrix(k.rows(), k.rows());
    for (int i = 0; i < k.rows(); i++) {
      for (int j = 0; j < k.rows(); j++) {
        gram.setEntry(i, j, k.get(i, j));
      }
    }
    return gram;
  }

  private Path targets(DenseMatrix y) {
    Path file = directory.resolve("y.npy");
    Npy.write(file, y, ElementType.FP64);
    return file;
  }

  /** Cholesky's solution, in error by far less than the bounds that are compared with it. */
  private static RealVector exact(RealMatrix gram, double ridge, RealVector y) {
    int n = gram.getRowDimension();
    RealMatrix shifted = gram.add(MatrixUtils.createRealIdentityMatrix(n).scalarMultiply(ridge));
    return new CholeskyDecomposition(shifted, 1e-10, 0).getSolver().solve(y);
  }

  @Test
  void solutionIsThatOfTheGramMatrixWithinItsBound() {
    RealMatrix gram = gram(1);
    DenseMatrix y = Parameters.gaussian(SAMPLES, 2, 5, 1);
    double ridge = 0.5;
    Path out = directory.resolve("alpha.npy");
    Object[] solve = {
      "--matrix-free", "--solve", targets(y), "--ridge", ridge, "--solution-out", out, "--json"
    };
    JsonNode json = Invocation.of(network(1, solve)).ended(0).json();
    DenseMatrix alpha = Npy.readFinite(out);
    JsonNode solution = json.get("solution");
    assertTrue(solution.get("converged").asBoolean(), solution.toString());
    assertFalse(json.has("least"), json.toString());
    assertEquals(2, alpha.columns());
    for (int j = 0; j < 2; j++) {
      JsonNode column = solution.get("columns").get(j);
      RealVector expected = exact(gram, ridge, new ArrayRealVector(y.columnRange(j, 1).values()));
      RealVector found = new ArrayRealVector(alpha.columnRange(j, 1).values());
      double error = found.getDistance(expected);
      double bound = column.get("errorBound").asDouble();
      // The Gram matrix in memory is in error by as much as the products are.
      double ofGram = json.get("productError").asDouble() * expected.getNorm() / ridge;
      assertTrue(error <= bound + ofGram, error + " of " + bound);
      assertTrue(bound < 1e-6 * expected.getNorm(), column.toString());
      assertTrue(column.get("relativeResidual").asDouble() <= 1e-10, column.toString());
      assertTrue(column.get("products").asInt() > 3, column.toString());
      assertEquals(0, column.get("timeNodesError").asDouble());
    }
  }

  /** Sample by sample and as one column: row i·m + o. */
  @Test
  void targetsOfSeveralOutputsMayHaveARowForEachSample() {
    RealMatrix gram = gram(3);
    DenseMatrix bySample = Parameters.gaussian(SAMPLES, 3, 5, 1);
    double[] flat = new double[3 * SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      for (int o = 0; o < 3; o++) {
        flat[3 * i + o] = bySample.get(i, o);
      }
    }
    RealVector expected = exact(gram, 1, new ArrayRealVector(flat));
    for (DenseMatrix y : new DenseMatrix[] {bySample, new DenseMatrix(3 * SAMPLES, 1, flat)}) {
      Path out = directory.resolve("alpha.npy");
      Object[] solve = {
        "--matrix-free", "--solve", targets(y), "--ridge", 1, "--solution-out", out, "-q"
      };
      Invocation.of(network(3, solve)).ended(0);
      DenseMatrix alpha = Npy.readFinite(out);
      assertEquals(y.rows(), alpha.rows());
      for (int i = 0; i < SAMPLES; i++) {
        for (int o = 0; o < 3; o++) {
          double found = y.columns() == 3 ? alpha.get(i, o) : alpha.get(3 * i + o, 0);
          assertEquals(expected.getEntry(3 * i + o), found, 1e-7 * expected.getNorm());
        }
      }
    }
  }

  @Test
  void solutionAndEigenvaluesAreHadTogetherAndFewerNodesHaveTheirError() {
    RealMatrix gram = gram(1);
    DenseMatrix y = Parameters.gaussian(SAMPLES, 1, 5, 1);
    Path out = directory.resolve("alpha.npy");
    Object[] solve = {
      "--matrix-free",
      "--extreme",
      1,
      "--time-nodes",
      3,
      "--solve",
      targets(y),
      "--ridge",
      2,
      "--solution-out",
      out,
      "--json"
    };
    JsonNode json = Invocation.of(network(1, solve)).ended(0).json();
    assertTrue(json.get("greatest").get(0).get("converged").asBoolean(), json.toString());
    JsonNode column = json.get("solution").get("columns").get(0);
    RealVector expected = exact(gram, 2, new ArrayRealVector(y.values()));
    double error = new ArrayRealVector(Npy.readFinite(out).values()).getDistance(expected);
    double ofNodes = column.get("timeNodesError").asDouble();
    assertTrue(error <= column.get("errorBound").asDouble() + ofNodes, error + " " + column);
    assertTrue(ofNodes > 0 && ofNodes < 0.1 * expected.getNorm(), column.toString());
  }

  @Test
  void whatDoesNotConvergeIsSaidAloudAndWrittenWithinItsBound() {
    RealMatrix gram = gram(1);
    DenseMatrix y = Parameters.gaussian(SAMPLES, 1, 5, 1);
    Path out = directory.resolve("alpha.npy");
    Object[] solve = {
      "--matrix-free",
      "--solve",
      targets(y),
      "--ridge",
      0.1,
      "--solution-out",
      out,
      "--max-products",
      5
    };
    Invocation few =
        Invocation.of(
            network(1, Stream.concat(Stream.of(solve), Stream.of("-q", "--json")).toArray()));
    JsonNode column = few.ended(0).json().get("solution").get("columns").get(0);
    assertTrue(few.err().contains("1 of 1 columns did not converge to 1×10⁻¹⁰ in 5"), few.err());
    assertFalse(column.get("converged").asBoolean());
    assertEquals(5, column.get("products").asInt());
    RealVector alpha = new ArrayRealVector(Npy.readFinite(out).values());
    RealVector expected = exact(gram, 0.1, new ArrayRealVector(y.values()));
    assertTrue(alpha.getDistance(expected) <= column.get("errorBound").asDouble());
    RealVector residual =
        new ArrayRealVector(y.values())
            .subtract(gram.operate(alpha))
            .subtract(alpha.mapMultiply(0.1));
    double relative = residual.getNorm() / new ArrayRealVector(y.values()).getNorm();
    assertEquals(relative, column.get("relativeResidual").asDouble(), 1e-9);
  }

  /** In fp32 a residual of 10⁻¹² is beyond reach, which more products do not mend. */
  @Test
  void whatRoundingKeepsFromConvergingIsSaidSo() {
    Path y = targets(Parameters.gaussian(SAMPLES, 1, 5, 1));
    Object[] words = {
      "ntk",
      "--samples",
      SAMPLES,
      "--width",
      40,
      "--depth",
      3,
      "--precision",
      "fp32",
      "--matrix-free",
      "--solve",
      y,
      "--ridge",
      1,
      "--tolerance",
      1e-12,
      "-q",
      "--json"
    };
    Invocation single = Invocation.of(words).ended(0);
    JsonNode column = single.json().get("solution").get("columns").get(0);
    assertFalse(column.get("converged").asBoolean());
    assertTrue(column.get("products").asInt() < 500, column.toString());
    assertTrue(single.err().contains("rounding keeps their residuals above"), single.err());
  }

  /** Without a ridge nothing is proven of λ_min, and so of the error. */
  @Test
  void withoutARidgeTheErrorIsNotKnown() throws Exception {
    Path y = targets(Parameters.gaussian(SAMPLES, 1, 5, 1));
    Object[] solve = {"--matrix-free", "--solve", y};
    Invocation text = Invocation.of(network(1, solve)).ended(0);
    assertTrue(text.out().contains("not known"), text.out());
    JsonNode json = Invocation.of(network(1, "--matrix-free", "--solve", y, "--json")).json();
    assertTrue(json.get("solution").get("columns").get(0).get("errorBound").isNull());
    Path unwritten = directory.resolve("alpha.npy");
    Object[] plan = {
      "--matrix-free", "--solve", y, "--solution-out", unwritten, "--plan", "--json"
    };
    assertTrue(Invocation.of(network(1, plan)).ended(0).json().get("solutionBytes").asLong() > 0);
    assertFalse(Files.exists(unwritten));
  }
}
