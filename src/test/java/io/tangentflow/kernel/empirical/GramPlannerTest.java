package io.tangentflow.kernel.empirical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.testing.BackendCase;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Plans, and what they are expected to take. */
@Tag("every-backend")
class GramPlannerTest {

  private static final long AMPLE = 1L << 30;
  private static final TimeNodes THREE = new TimeNodes(3, 0);

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void plansAreMeasuredWithinTheirOwnMemoryAndTheFastestIsFirst(BackendCase which) {
    NeuralOde model = model(24, 2);
    TimeGrid grid = new TimeGrid(Tableau.named("rk4"), 3);
    try (Backend backend = which.open()) {
      GramPlanner planner =
          new GramPlanner(model, grid, 7, backend, MemoryBudget.of(backend, AMPLE));
      List<GramForecast> forecasts = planner.forecasts(THREE);
      assertEquals(Set.of("structured", "explicit", "compressed"), algorithms(forecasts));
      if (backend.emulated()) {
        assertFalse(forecasts.get(0).known());
        return;
      }
      for (int i = 0; i < 3; i++) {
        assertTrue(forecasts.get(i).seconds() > 0, forecasts.toString());
        assertTrue(
            i == 0 || forecasts.get(i - 1).seconds() <= forecasts.get(i).seconds(),
            forecasts.toString());
      }
    }
  }

  @Test
  void plansThatDoNotFitAreNoCandidatesAndNoneIsARefusal() {
    NeuralOde model = model(32, 1);
    TimeGrid grid = new TimeGrid(Tableau.named("euler"), 6);
    try (Backend backend = reference()) {
      GramPlan structured =
          GramPlan.of(
              GramStrategy.STRUCTURED, model, grid, 1, Precision.FP64, MemoryBudget.shared(AMPLE));
      MemoryBudget tight = MemoryBudget.shared(structured.bytes());
      GramPlanner planner = new GramPlanner(model, grid, 1, backend, tight);
      assertEquals(Set.of("structured"), algorithms(planner.forecasts(TimeNodes.ALL)));
      MemoryBudget tighter = MemoryBudget.shared(1000);
      GramPlanner refused = new GramPlanner(model, grid, 1, backend, tighter);
      assertThrows(OutOfMemory.class, () -> refused.forecasts(TimeNodes.ALL));
    }
  }

  /** However small the budget was that was refused. */
  @Test
  void aBudgetOfWhatARefusalPrintsIsEnough() {
    NeuralOde model = model(256, 1);
    TimeGrid grid = new TimeGrid(Tableau.named("rk4"), 5);
    TilePlan tiles =
        new TilePlan(model, grid, 9, TimeNodes.ALL, List.of(GramStrategy.values()), Precision.FP32);
    List<Consumer<MemoryBudget>> plans =
        List.of(
            budget -> GramPlan.choose(model, grid, 9, Precision.FP32, budget),
            budget -> GramPlan.of(GramStrategy.EXPLICIT, model, grid, 9, Precision.FP32, budget),
            budget -> GramPlan.compressed(THREE, model, grid, 9, Precision.FP32, budget),
            tiles::largest,
            budget -> TangentKernelPlan.of(THREE, model, grid, 9, Precision.FP32, budget));
    for (Consumer<MemoryBudget> plan : plans) {
      for (long kibibytes : new long[] {1, 30, 60}) {
        plan.accept(MemoryBudget.shared(printedNeed(plan, kibibytes << 10)));
      }
    }
  }

  private static long printedNeed(Consumer<MemoryBudget> plan, long budget) {
    String refusal =
        assertThrows(OutOfMemory.class, () -> plan.accept(MemoryBudget.shared(budget)))
            .getMessage();
    Matcher need = Pattern.compile("needs ([0-9.]+) ([KM])iB").matcher(refusal);
    assertTrue(need.find(), refusal);
    return (long)
        Math.ceil(
            Double.parseDouble(need.group(1)) * (need.group(2).equals("K") ? 1 << 10 : 1 << 20));
  }

  /** On a backend whose clock goes on by what its operations cost, the forecast can be exact. */
  @ParameterizedTest
  @CsvSource({
    "euler, 12, 1, 40, 1073741824",
    "euler, 12, 1, 40, 700000",
    "rk4, 3, 1, 40, 1073741824",
    "rk4, 3, 2, 21, 1500000",
    "euler, 80, 1, 40, 1000000",
    "euler, 12, 1, 8, 70000"
  })
  void forecastsCountWhatIsDone(String solver, int depth, int outputs, int samples, long budget) {
    NeuralOde model = model(64, outputs);
    TimeGrid grid = new TimeGrid(Tableau.named(solver), depth);
    DenseMatrix x = inputs(samples);
    try (Backend honest = reference()) {
      Clocked clocked = new Clocked(honest);
      Backend backend = clocked.backend();
      GramPlanner planner =
          new GramPlanner(
              model, grid, samples, backend, MemoryBudget.shared(budget), () -> clocked.nanos);
      for (GramForecast forecast : planner.forecasts(THREE)) {
        long before = clocked.nanos;
        new EmpiricalNtk(model, grid, forecast.plan())
            .gram(new Parameters.Seeded(3), x, backend, fraction -> {});
        double actual = (clocked.nanos - before) * 1e-9;
        // Not counted: the terms of U and V, one product each where there are Q² or Qn.
        assertEquals(1, forecast.seconds() / actual, 0.15, forecast + " took " + actual);
      }
    }
  }

  @Test
  void partsOfAShapeGiveTheTimeOfTheWhole() {
    NeuralOde model = model(48, 2);
    try (Backend honest = reference()) {
      Clocked clocked = new Clocked(honest);
      Backend backend = clocked.backend();
      try (GramPilot whole = new GramPilot(model, backend, () -> clocked.nanos, 1e12);
          GramPilot part = new GramPilot(model, backend, () -> clocked.nanos, 1e5)) {
        GramPlan plan =
            GramPlan.of(
                GramStrategy.STRUCTURED,
                model,
                new TimeGrid(Tableau.named("rk4"), 2),
                9,
                Precision.FP64,
                MemoryBudget.shared(AMPLE));
        GramPilot.Solve solve = whole.solve(plan, 4);
        GramPilot.Solve solveOfPart = part.solve(plan, 4);
        assertNear(solve.weights(), solveOfPart.weights());
        assertNear(solve.forward(), solveOfPart.forward());
        assertNear(solve.back(), solveOfPart.back());
        GramPilot.Structured structured = whole.structured(9, 8, AMPLE);
        GramPilot.Structured structuredOfPart = part.structured(9, 8, AMPLE);
        assertNear(structured.pair(), structuredOfPart.pair());
        assertNear(structured.slot(), structuredOfPart.slot());
        GramPilot.Explicit explicit = whole.explicit(9, 8, AMPLE);
        GramPilot.Explicit explicitOfPart = part.explicit(9, 8, AMPLE);
        assertNear(explicit.gradients(), explicitOfPart.gradients());
        assertNear(explicit.squares(), explicitOfPart.squares());
        assertNear(whole.compression(9, 8, 3, AMPLE), part.compression(9, 8, 3, AMPLE));
      }
    }
  }

  /** Nanoseconds are whole, and calls few. */
  private static void assertNear(double expected, double actual) {
    assertEquals(1, actual / expected, 1e-3);
  }

  private static Set<String> algorithms(List<GramForecast> forecasts) {
    return forecasts.stream()
        .map(forecast -> forecast.plan().algorithm())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Backend reference() {
    return Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1));
  }

  private static NeuralOde model(int width, int outputs) {
    return new NeuralOde(5, width, outputs, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
  }

  private static DenseMatrix inputs(int samples) {
    return new DenseMatrix(
        5, samples, IntStream.range(0, 5 * samples).mapToDouble(i -> Math.sin(i + 1)).toArray());
  }

  /** A backend whose clock goes on by what each operation would cost, and by nothing else. */
  private static final class Clocked implements InvocationHandler {

    private static final double NANOS_PER_FLOP = 20;
    private static final double NANOS_PER_NUMBER = 200;

    private final Backend honest;
    private long nanos;

    Clocked(Backend honest) {
      this.honest = honest;
    }

    Backend backend() {
      return (Backend)
          Proxy.newProxyInstance(
              Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
    }

    @Override
    public Object invoke(Object proxy, Method called, Object[] arguments) throws Throwable {
      if (called.getName().equals("workspace")) {
        return InvocationHandler.invokeDefault(proxy, called, arguments);
      }
      nanos += Math.round(cost(called.getName(), arguments));
      try {
        return called.invoke(honest, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }

    private static double cost(String operation, Object[] arguments) {
      return switch (operation) {
        case "gemm" -> NANOS_PER_FLOP * 2 * entries(arguments[6]) * inner(arguments);
        case "syrk" -> NANOS_PER_FLOP * entries(arguments[1]) * ((Matrix) arguments[0]).rows();
        case "activate", "gaussian", "contract", "copy", "dot" ->
            NANOS_PER_NUMBER * entries(arguments[operation.equals("activate") ? 1 : 0]);
        case "stage", "step" -> NANOS_PER_NUMBER * entries(arguments[1]);
        case "adjointStage", "adjointStep" -> NANOS_PER_NUMBER * entries(arguments[1]);
        default -> 0;
      };
    }

    private static double entries(Object matrix) {
      return (double) ((Matrix) matrix).rows() * ((Matrix) matrix).columns();
    }

    private static double inner(Object[] arguments) {
      Matrix a = (Matrix) arguments[3];
      return arguments[0] == Transpose.NO ? a.columns() : a.rows();
    }
  }
}
