package io.tangentflow.spectrum;

import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.commons.math3.exception.MaxCountExceededException;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.ConjugateGradient;
import org.apache.commons.math3.linear.NonPositiveDefiniteOperatorException;
import org.apache.commons.math3.linear.RealLinearOperator;
import org.apache.commons.math3.linear.RealVector;

/**
 * (K + ρI) α = y of a kernel K that is known by its products, by conjugate gradients (Apache
 * Commons Math), one column after the other.
 *
 * @param kernel K, positive semi-definite but for rounding
 * @param ridge ρ ≥ 0
 */
public record KernelSystem(SymmetricOperator kernel, double ridge) {

  /** Where Commons Math keeps the direction along which an operator is not positive. */
  private static final String VECTOR = "vector";

  public KernelSystem {
    if (!(ridge >= 0 && Double.isFinite(ridge))) {
      throw new IllegalArgumentException("a ridge is zero or a positive number, not " + ridge);
    }
  }

  /**
   * The solution.
   *
   * @param alpha α, N×k
   * @param columns what is known of each column
   */
  public record Solution(DenseMatrix alpha, List<Column> columns) {

    /** Whether all columns converged. */
    public boolean converged() {
      return columns.stream().allMatch(Column::converged);
    }
  }

  /**
   * A column of a solution.
   *
   * @param products of K with a vector, one for each iteration and two to begin and to check
   * @param relativeResidual ‖y − (K + ρI)α‖/‖y‖, of a product made for the purpose; 0 for y = 0
   * @param errorBound of ‖α − α*‖₂ for a positive semi-definite K: the residual, and what rounding
   *     may hide of it, over ρ and what is known of λ_min; infinite where that is 0
   * @param converged whether the residual is within the tolerance
   */
  public record Column(
      int products, double relativeResidual, double errorBound, boolean converged) {}

  /**
   * Solves for y, N×k, which is not modified.
   *
   * @param tolerance of ‖y − (K + ρI)α‖/‖y‖
   * @param maxIterations for each column; what has not converged by then is returned as it is
   * @param leastEigenvalue a lower bound of λ_min that is proven, 0 if nothing else is
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if y is not finite, or so
   *     small or large that its squares are not
   * @throws KernelNotPositive if a direction is met along which K + ρI is not positive
   */
  public Solution solve(
      DenseMatrix y, double tolerance, int maxIterations, double leastEigenvalue) {
    Scale.require("the right-hand side", y.values());
    DenseMatrix alpha = DenseMatrix.zeros(y.rows(), y.columns());
    List<Column> columns = new ArrayList<>();
    for (int j = 0; j < y.columns(); j++) {
      double[] right = Arrays.copyOfRange(y.values(), j * y.rows(), (j + 1) * y.rows());
      AtomicInteger products = new AtomicInteger();
      double[] solution = iterate(right, tolerance, maxIterations, products);
      System.arraycopy(solution, 0, alpha.values(), j * y.rows(), y.rows());
      columns.add(check(right, solution, tolerance, leastEigenvalue, products.get() + 1));
    }
    return new Solution(alpha, List.copyOf(columns));
  }

  private double[] iterate(
      double[] right, double tolerance, int maxIterations, AtomicInteger products) {
    ArrayRealVector x = new ArrayRealVector(right.length);
    RealVector b = new ArrayRealVector(right, false);
    if (b.getNorm() == 0) {
      return x.getDataRef();
    }
    try {
      new ConjugateGradient(maxIterations, tolerance, true)
          .solveInPlace(operator(products), null, b, x);
    } catch (MaxCountExceededException e) {
      // x is as far as it came, which its residual tells.
    } catch (NonPositiveDefiniteOperatorException e) {
      throw notPositive((RealVector) e.getContext().getValue(VECTOR));
    }
    return x.getDataRef();
  }

  /** By the Rayleigh quotient of a direction, which λ_min + ρ is no greater than. */
  private KernelNotPositive notPositive(RealVector direction) {
    double[] unit = direction.unitVector().toArray();
    double[] image = image(unit);
    double quotient = 0;
    for (int i = 0; i < unit.length; i++) {
      quotient += unit[i] * image[i];
    }
    String what = "the kernel with a ridge of " + ridge;
    return quotient < -kernel.productError()
        ? new KernelNotPositive(what, quotient, kernel.productError())
        : KernelNotPositive.singular(what, quotient, kernel.productError());
  }

  private RealLinearOperator operator(AtomicInteger products) {
    return new RealLinearOperator() {
      @Override
      public int getRowDimension() {
        return kernel.order();
      }

      @Override
      public int getColumnDimension() {
        return kernel.order();
      }

      @Override
      public RealVector operate(RealVector x) {
        products.incrementAndGet();
        return new ArrayRealVector(image(x.toArray()), false);
      }
    };
  }

  /** (K + ρI)x. */
  private double[] image(double[] x) {
    double[] y = kernel.times(new DenseMatrix(x.length, 1, x)).values();
    for (int i = 0; i < x.length; i++) {
      y[i] += ridge * x[i];
    }
    return y;
  }

  private Column check(
      double[] right, double[] solution, double tolerance, double least, int products) {
    double[] image = image(solution);
    double squared = 0;
    double norm = 0;
    double size = 0;
    double reached = 0;
    for (int i = 0; i < right.length; i++) {
      squared += Math.pow(right[i] - image[i], 2);
      norm += right[i] * right[i];
      size += solution[i] * solution[i];
      reached += image[i] * image[i];
    }
    double residual = Math.sqrt(squared);
    double u = Precision.FP64.unitRoundoff();
    double hidden =
        (kernel.productError() + 2 * u * ridge) * Math.sqrt(size)
            + u * ((right.length + 4) * residual + 2 * Math.sqrt(reached));
    double floor = ridge + least;
    double bound = floor > 0 ? (residual + hidden) / floor : Double.POSITIVE_INFINITY;
    double relative = norm == 0 ? 0 : residual / Math.sqrt(norm);
    return new Column(products, relative, norm == 0 ? 0 : bound, relative <= tolerance);
  }
}
