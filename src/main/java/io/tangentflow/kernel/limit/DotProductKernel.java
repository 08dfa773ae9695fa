package io.tangentflow.kernel.limit;

import io.tangentflow.backend.DotProductSeries;
import io.tangentflow.backend.DotProductSeries.Argument;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;

/**
 * NNGP and NTK as explicit functions of the norms r = ‖x‖/√d, r̄ of two inputs and of their
 * correlation ρ = x·x̄/(‖x‖‖x̄‖): Chebyshev series
 *
 * <pre>
 *   k(r, r̄, ρ) = Σ_k Σ_(p,q) c_kpq f_p(r) f_q(r̄) T_k(ξ(ρ)),
 * </pre>
 *
 * where ξ = ρ for smooth activations. Those with a kink make kernels with powers of √(1 ∓ ρ); they
 * have ξ = 2(1 − |ρ|)^(1/4) − 1 and one series for ρ ≥ 0 and another for ρ &lt; 0. The functions of
 * the norms depend on {@link Scaling}. Immutable.
 *
 * @param scaling how the kernels depend on the norms
 * @param least the least norm r that it holds for
 * @param greatest the greatest norm r that it holds for
 * @param argument ξ
 * @param rank R, the number of functions f_p
 * @param nngp c_kpq of NNGP at ((b·K + k)·R + p)·R + q, for branch b of ξ
 * @param ntk c_kpq of NTK
 * @param nngpError the largest absolute error of NNGP that was seen or estimated, for {@link
 *     Scaling#HOMOGENEOUS} at unit norms
 * @param ntkError the same of NTK
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record DotProductKernel(
    Scaling scaling,
    double least,
    double greatest,
    Argument argument,
    int rank,
    double[] nngp,
    double[] ntk,
    double nngpError,
    double ntkError) {

  /** How far from its interval, relatively, a norm may lie by rounding. */
  static final double EQUAL_NORMS = 1e-12;

  /** How kernels depend on the norms of the inputs. */
  public enum Scaling {
    /** They hold for one norm: f = 1. */
    ONE_NORM,
    /** They are proportional to r r̄, as φ(λx) = λφ(x) for λ &gt; 0: f(r) = r. */
    HOMOGENEOUS,
    /** f_p(r) = T_p((2r − least − greatest)/(greatest − least)), p &lt; R. */
    CHEBYSHEV
  }

  /** Which of the two kernels. */
  public enum Kind {
    /** Of outputs. */
    NNGP,
    /** Of their gradients. */
    NTK
  }

  /**
   * Refuses what is no such series.
   *
   * @throws IllegalArgumentException that says why
   */
  public DotProductKernel {
    boolean norms = 0 <= least && least <= greatest && Double.isFinite(greatest);
    boolean ranks = rank >= 1 && (rank == 1) == (scaling != Scaling.CHEBYSHEV);
    long size = (long) argument.branches() * rank * rank;
    if (!norms || !ranks || nngp.length == 0 || nngp.length % size != 0) {
      throw new IllegalArgumentException(
          String.format(
              "no kernel of %s has %d coefficients of rank %d for norms %s to %s",
              scaling, nngp.length, rank, least, greatest));
    }
    if (!(nngpError >= 0 && ntkError >= 0)) {
      throw new IllegalArgumentException(
          "errors are not negative, as " + nngpError + " or " + ntkError + " is");
    }
    if (ntk.length != nngp.length) {
      throw new IllegalArgumentException(
          nngp.length + " coefficients of NNGP do not go with " + ntk.length + " of NTK");
    }
  }

  /** K, the number of terms in ρ. */
  public int terms() {
    return nngp.length / (argument.branches() * rank * rank);
  }

  /** Whether it holds for inputs of that norm r = ‖x‖/√d. */
  public boolean holdsFor(double norm) {
    return scaling == Scaling.HOMOGENEOUS
        || (norm >= least * (1 - EQUAL_NORMS) && norm <= greatest * (1 + EQUAL_NORMS));
  }

  DotProductKernel withErrors(double newNngpError, double newNtkError) {
    return new DotProductKernel(
        scaling, least, greatest, argument, rank, nngp, ntk, newNngpError, newNtkError);
  }

  /** The kernels at norms r, r̄ that it holds for, and correlation ρ in [−1, 1]. */
  public LimitValue at(double norm, double otherNorm, double rho) {
    requireHolds(norm);
    requireHolds(otherNorm);
    double[] f = functions(norm);
    double[] g = functions(otherNorm);
    double scale = scaling == Scaling.HOMOGENEOUS ? norm * otherNorm : 1;
    return new LimitValue(
        sum(nngp, f, g, rho), sum(ntk, f, g, rho), scale * nngpError, scale * ntkError);
  }

  private double sum(double[] c, double[] f, double[] g, double rho) {
    int from = argument.branch(rho) * terms();
    double[] series = new double[terms()];
    for (int k = 0; k < series.length; k++) {
      for (int p = 0; p < rank; p++) {
        for (int q = 0; q < rank; q++) {
          series[k] += c[((from + k) * rank + p) * rank + q] * f[p] * g[q];
        }
      }
    }
    return Chebyshev.sum(series, argument.of(rho));
  }

  /** f_0(r) … f_(R−1)(r). */
  private double[] functions(double norm) {
    return switch (scaling) {
      case ONE_NORM -> new double[] {1};
      case HOMOGENEOUS -> new double[] {norm};
      case CHEBYSHEV ->
          Chebyshev.polynomials(
              greatest == least ? 0 : (2 * norm - least - greatest) / (greatest - least), rank);
    };
  }

  /** What a block of inputs has to bring for the rows of a block of a Gram, M×R. */
  DenseMatrix rowFactors(double[] norms) {
    DenseMatrix left = DenseMatrix.zeros(norms.length, rank);
    for (int i = 0; i < norms.length; i++) {
      double[] f = functions(norms[i]);
      for (int p = 0; p < rank; p++) {
        left.set(i, p, f[p]);
      }
    }
    return left;
  }

  /** What a block of inputs has to bring for the columns, a column for each input. */
  DenseMatrix columnFactors(Kind kind, double[] norms) {
    double[] c = kind == Kind.NNGP ? nngp : ntk;
    int rows = c.length / rank;
    DenseMatrix right = DenseMatrix.zeros(rows, norms.length);
    for (int j = 0; j < norms.length; j++) {
      double[] g = functions(norms[j]);
      for (int row = 0; row < rows; row++) {
        double sum = 0;
        for (int q = 0; q < rank; q++) {
          sum += c[row * rank + q] * g[q];
        }
        right.set(row, j, sum);
      }
    }
    return right;
  }

  /** The series of a block of a Gram, its factors allocated in the workspace. */
  DotProductSeries series(Kind kind, double[] rowNorms, double[] columnNorms, Workspace workspace) {
    return new DotProductSeries(
        argument,
        workspace.upload(rowFactors(rowNorms)),
        workspace.upload(columnFactors(kind, columnNorms)));
  }

  private void requireHolds(double norm) {
    if (!holdsFor(norm)) {
      throw new IllegalArgumentException(
          "‖x‖/√d = " + norm + " is not within " + least + " … " + greatest);
    }
  }
}
