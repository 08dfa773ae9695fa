package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FiniteDepthLimitTest {

  private static final double SIGMA_U = 1.2;
  private static final double SIGMA_W = 0.7;
  private static final double SIGMA_V = 0.9;

  /** The sums as they stand in the definition, in O(L⁴), with inputs of different norms. */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "QUADRATIC", "ERF"})
  void equalsTheSumsOfTheDefinition(StandardActivation phi) {
    int depth = 4;
    NeuralOde ode = new NeuralOde(2, 1, 1, 0.8, SIGMA_U, SIGMA_W, SIGMA_V, phi);
    DualActivation dual = DualActivation.of(phi);
    double a = 1.1;
    double b = 0.6;
    double c = -0.3;
    double[][] xx = covariance(dual, a, null, null, depth);
    double[][] yy = covariance(dual, b, null, null, depth);
    double[][] s = covariance(dual, c, xx, yy, depth);
    double v = SIGMA_V * SIGMA_V;
    double nngp = v * dual.value(xx[depth][depth], yy[depth][depth], s[depth][depth]);
    double last = v * dual.derivative(xx[depth][depth], yy[depth][depth], s[depth][depth]);
    double[][] theta = new double[depth + 1][depth + 1];
    double hidden = 0;
    for (int l = depth; l >= 0; l--) {
      for (int k = depth; k >= 0; k--) {
        theta[l][k] = last;
        for (int i = l; i < depth; i++) {
          for (int j = k; j < depth; j++) {
            theta[l][k] +=
                step2(depth) * dual.derivative(xx[i][i], yy[j][j], s[i][j]) * theta[i + 1][j + 1];
          }
        }
      }
    }
    for (int i = 0; i < depth; i++) {
      for (int j = 0; j < depth; j++) {
        hidden += step2(depth) * dual.value(xx[i][i], yy[j][j], s[i][j]) * theta[i + 1][j + 1];
      }
    }
    double ntk = nngp + hidden + SIGMA_U * SIGMA_U * c * theta[0][0];
    LimitValue value = new FiniteDepthLimit(ode, depth).pair(a, b, c);
    assertEquals(nngp, value.nngp(), value.nngpError());
    assertEquals(ntk, value.ntk(), value.ntkError());
  }

  private static double[][] covariance(
      DualActivation dual, double dot, double[][] xx, double[][] yy, int depth) {
    double[][] s = new double[depth + 1][depth + 1];
    double[][] first = xx == null ? s : xx;
    double[][] second = yy == null ? s : yy;
    for (int max = 0; max <= depth; max++) {
      for (int l = 0; l <= max; l++) {
        for (int k = 0; k <= max; k++) {
          double sum = SIGMA_U * SIGMA_U * dot;
          for (int i = 0; i < l; i++) {
            for (int j = 0; j < k; j++) {
              sum += step2(depth) * dual.value(first[i][i], second[j][j], s[i][j]);
            }
          }
          s[l][k] = sum;
        }
      }
    }
    return s;
  }

  private static double step2(int depth) {
    return Math.pow(SIGMA_W * 0.8 / depth, 2);
  }

  /** Euler's method is of first order: doubling L halves the distance, up to O(1/L). */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "TANH", "GELU", "SINE", "IDENTITY"})
  void approachesTheContinuumLikeOneOverDepth(StandardActivation phi) {
    NeuralOde ode = new NeuralOde(2, 1, phi);
    LimitValue limit = new ContinuumLimit(ode).pair(1, 0.8, 0.5);
    LimitValue coarse = new FiniteDepthLimit(ode, 64).pair(1, 0.8, 0.5);
    LimitValue fine = new FiniteDepthLimit(ode, 128).pair(1, 0.8, 0.5);
    double nngpRatio = (coarse.nngp() - limit.nngp()) / (fine.nngp() - limit.nngp());
    double ntkRatio = (coarse.ntk() - limit.ntk()) / (fine.ntk() - limit.ntk());
    assertEquals(2, nngpRatio, 0.1, phi.label());
    assertEquals(2, ntkRatio, 0.1, phi.label());
  }

  @Test
  void refusesDepthsOutsideItsDomainAndKernelsThatOverflow() {
    NeuralOde ode = new NeuralOde(2, 1, 1, 50, 1, 1, 1, StandardActivation.QUADRATIC);
    assertThrows(InvalidConfiguration.class, () -> new FiniteDepthLimit(ode, 0));
    LimitingKernel deep = new FiniteDepthLimit(ode, 64);
    String message =
        assertThrows(InvalidConfiguration.class, () -> deep.pair(1, 1, 0.5)).getMessage();
    assertEquals("--horizon", message.substring(0, 9));
  }
}
