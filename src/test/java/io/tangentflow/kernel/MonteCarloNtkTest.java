package io.tangentflow.kernel;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.testing.Networks;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The mean tangent kernel of networks against the limit of the same depth.
 *
 * <p>FP32 is off by some 1e-7 of an entry, a standard error by some 1e-3 to 1e-2. Each activation
 * has six entries, correlated; independent ones that equal the limit but for noise would leave
 * three standard errors in one of twelve runs of all thirty (1 − 0.9973³⁰ = 8 %), and less often by
 * what C/n allows beside. The seeds are fixed, so that the test passes always or never.
 */
class MonteCarloNtkTest {

  private static final int DEPTH = 3;
  private static final int SAMPLES = 3;
  private static final int NARROW = 125;
  private static final int WIDE = 1000;

  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "GELU", "TANH", "QUADRATIC"})
  void meanOfWideNetworksIsWhereNarrowOnesAndTheLimitPredict(StandardActivation phi) {
    double sigmaW = phi == StandardActivation.QUADRATIC ? 0.3 : 0.9;
    NeuralOde model = new NeuralOde(3, WIDE, 1, 1, 1.1, sigmaW, 0.8, phi);
    DenseMatrix x = Networks.inputs(model, SAMPLES);
    DenseMatrix limit = new FiniteDepthLimit(model, DEPTH).gram(x).ntk();
    try (Backend backend = Backends.open(Backends.AUTO, new BackendOptions(Precision.FP32, 1))) {
      EntryMoments narrow = moments(model.withWidth(NARROW), 1000, 1000, x, backend);
      EntryMoments wide = moments(model, 0, 200, x, backend);
      wide.assertPredicted(limit, narrow, 3, 0.05);
    }
  }

  private static EntryMoments moments(
      NeuralOde model, long firstSeed, int networks, DenseMatrix x, Backend backend) {
    TimeGrid grid = new TimeGrid(Tableau.EULER, DEPTH);
    GramPlan plan =
        GramPlan.choose(model, grid, SAMPLES, Precision.FP32, MemoryBudget.shared(1L << 28));
    EmpiricalNtk kernel = new EmpiricalNtk(model, grid, plan);
    EntryMoments moments = new EntryMoments(model.width(), SAMPLES);
    for (int r = 0; r < networks; r++) {
      Parameters seeded = new Parameters.Seeded(firstSeed + r);
      moments.add(kernel.gram(seeded, x, backend, fraction -> {}).gram());
    }
    return moments;
  }
}
