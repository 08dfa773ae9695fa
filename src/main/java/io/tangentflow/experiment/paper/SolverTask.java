package io.tangentflow.experiment.paper;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.MethodGradient;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.StandardDynamics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a gradient by some method costs, and how near it comes to that of the continuous model, in
 * FP64.
 *
 * @param method as {@code --gradient} takes it
 * @param seed of the parameters and of the combination of outputs whose gradient it is
 */
record SolverTask(Data data, Model model, String method, long seed) implements Task {

  /** ‖g − g*‖/‖g*‖ of ∂/∂U, ∂/∂W and ∂/∂V together. */
  static final String GRADIENT_ERROR = "gradientError";

  /** Of the right-hand side, forward. */
  static final String EVALUATIONS = "evaluations";

  /** Of the adjoint's right-hand side. */
  static final String BACKWARD = "backwardEvaluations";

  /** The best of a few; it differs from run to run. */
  static final String SECONDS = "seconds";

  private static final String EXACT = "stored:dormand-prince/1e-10";

  private static final int TIMES = 3;

  @Override
  public String words() {
    return "gradient by " + method + ", " + model.words();
  }

  @Override
  public double operations() {
    return 3 * (TIMES + 5) * model.forwardOperations(data.samples(), 100);
  }

  @Override
  public Map<String, List<Double>> compute(Laboratory laboratory) {
    MethodGradient exact = gradient(EXACT, laboratory);
    MethodGradient gradient = gradient(method, laboratory); // Its time has the compiler's in it.
    double seconds = Double.POSITIVE_INFINITY;
    for (int i = 0; i < TIMES; i++) {
      seconds = Math.min(seconds, gradient(method, laboratory).seconds());
    }
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    numbers.put(GRADIENT_ERROR, TaskLine.list(gradient.difference(Quantity.GRADIENT, exact)));
    numbers.put(EVALUATIONS, TaskLine.list((double) gradient.report().forward().evaluations()));
    numbers.put(BACKWARD, TaskLine.list((double) gradient.report().backward().evaluations()));
    numbers.put(SECONDS, TaskLine.list(seconds));
    return numbers;
  }

  private MethodGradient gradient(String name, Laboratory laboratory) {
    Dataset dataset = laboratory.load(data);
    Backend backend = laboratory.backend(Precision.FP64);
    NeuralOde network = model.on(dataset.dimension(), 1);
    GradientMethod way =
        GradientMethods.named(
            "--gradient", name, StandardDynamics.PRE_ACTIVATION, backend.precision(), false);
    return MethodGradient.of(
        way,
        network,
        new Parameters.Seeded(seed),
        dataset.inputs(),
        seed,
        backend,
        laboratory.budget(backend).deviceBytes());
  }
}
