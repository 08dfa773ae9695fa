package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.DISTANCE;
import static io.tangentflow.experiment.TrainingQuantity.EIGENVALUE_DOUBT;
import static io.tangentflow.experiment.TrainingQuantity.GRADIENT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.OUTPUT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.TrainingQuantity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/**
 * Numbers that nobody computed: of a world in which everything is as the paper says, or of one in
 * which nothing is.
 *
 * @param asClaimed which of the two
 */
record FabricatedWorld(boolean asClaimed) {

  /** How much the numbers of two seeds differ, relatively. */
  private static final double JITTER = 1e-3;

  /** The results of all tasks of a figure. */
  Results results(PaperFigure figure, Reproduction reproduction) {
    List<TaskLine> lines = new ArrayList<>();
    for (Task task : figure.tasks(reproduction)) {
      lines.add(TaskLine.of(task, numbers(task), 1, SmallLaboratory.HERE));
    }
    return new Results(Path.of("results.jsonl"), lines);
  }

  Map<String, List<Double>> numbers(Task task) {
    if (task instanceof DepthGapTask gaps) {
      return depths(gaps);
    } else if (task instanceof KernelWidthTask kernels) {
      return kernels(kernels);
    } else if (task instanceof MarginalTask marginal) {
      return marginal(marginal.draws().model());
    } else if (task instanceof OutputPairsTask pairs) {
      return pairs(pairs.draws().model().width());
    } else if (task instanceof CovarianceTask covariance) {
      return covariance(covariance.data().samples());
    } else if (task instanceof SolverTask solver) {
      return solver(solver);
    } else {
      return training((TrainingTask) task);
    }
  }

  /** One of two numbers. */
  private double either(double claimed, double otherwise) {
    return asClaimed ? claimed : otherwise;
  }

  private static double jitter(long seed) {
    return 1 + JITTER * (seed % 3 - 1);
  }

  /** Networks fall behind 1/L, and apart in the width; ReLU's gradients stall or do not. */
  private Map<String, List<Double>> depths(DepthGapTask task) {
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    for (Quantity quantity : List.of(Quantity.OUTPUTS, Quantity.GRADIENT)) {
      boolean stalls = quantity == Quantity.GRADIENT && task.model().activation().equals("relu");
      double exponent = stalls ? either(-0.01, -1) : either(-1, -0.5);
      double factor = either(1, Math.pow(task.model().width(), 2));
      numbers.put(
          DepthGapTask.depthsOf(quantity),
          task.depths().stream().map(Integer::doubleValue).toList());
      numbers.put(
          DepthGapTask.NAMES.get(quantity),
          task.depths().stream().map(depth -> factor * Math.pow(depth, exponent)).toList());
    }
    return numbers;
  }

  private Map<String, List<Double>> kernels(KernelWidthTask task) {
    double error = Math.pow(task.model().width(), either(-0.75, 0.5));
    List<Double> errors = new ArrayList<>();
    for (int r = 0; r < task.networks(); r++) {
      errors.add(error * jitter(r));
    }
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    numbers.put(KernelWidthTask.ONE_NETWORK, errors);
    numbers.put(KernelWidthTask.BIAS, List.of(0.5 * error));
    numbers.put(KernelWidthTask.BIAS_ERROR, List.of(0.01 * error));
    return numbers;
  }

  private Map<String, List<Double>> marginal(Model model) {
    double variance =
        asClaimed
            ? Math.pow(model.horizon(), 2) / model.width()
            : model.width() / Math.pow(model.horizon(), 2);
    return new LinkedHashMap<>(
        Map.of(
            MarginalTask.MEAN,
            List.of(0.01),
            MarginalTask.VARIANCE,
            List.of(variance),
            MarginalTask.VARIANCE_ERROR,
            List.of(0.01 * variance),
            MarginalTask.KURTOSIS,
            List.of(0.1),
            MarginalTask.DISTANCE,
            List.of(either(1.0 / model.width(), 1e-3)),
            MarginalTask.P_VALUE,
            List.of(either(0.5, 1e-9)),
            MarginalTask.BINS,
            List.of(-1.0, 0.0, 1.0),
            MarginalTask.DENSITY,
            List.of(0.2, 0.4, 0.2)));
  }

  private Map<String, List<Double>> pairs(int width) {
    double dependence = asClaimed ? 1.0 / width : 1e-3 * width;
    double correlation = either(0.001, 0.5);
    return Map.of(
        OutputPairsTask.CORRELATIONS,
        List.of(correlation, -correlation, 0.0),
        OutputPairsTask.OF_SQUARES,
        List.of(dependence, dependence * jitter(0), dependence * jitter(2)),
        OutputPairsTask.FIRST,
        List.of(0.5, -1.0),
        OutputPairsTask.SECOND,
        List.of(-0.5, 2.0));
  }

  /** Outputs' covariances are those of inputs, flattened; or turned round, and steeper. */
  private Map<String, List<Double>> covariance(int samples) {
    List<Double> inputs = new ArrayList<>();
    List<Double> outputs = new ArrayList<>();
    List<Double> variances = new ArrayList<>();
    for (int i = 0; i < samples; i++) {
      variances.add(1.0);
      for (int j = i + 1; j < samples; j++) {
        double input = Math.cos(i - j + 0.1 * i * j);
        inputs.add(input);
        outputs.add(either(0.8 + 0.1 * input, -3 * input) + 1e-3 * Math.sin(i + 7 * j));
      }
    }
    return Map.of(
        CovarianceTask.INPUTS,
        inputs,
        CovarianceTask.OUTPUTS,
        outputs,
        CovarianceTask.VARIANCES,
        variances,
        CovarianceTask.LEAST,
        List.of(either(1e-3, -1e-3)),
        CovarianceTask.LEAST_ERROR,
        List.of(1e-12),
        CovarianceTask.GREATEST,
        List.of(1.0));
  }

  private Map<String, List<Double>> solver(SolverTask task) {
    double width = task.model().width();
    return Map.of(
        SolverTask.GRADIENT_ERROR,
        List.of(either(0.01, 0.5)),
        SolverTask.EVALUATIONS,
        List.of(either(10 * width, 100)),
        SolverTask.BACKWARD,
        List.of(either(20 * width, 100)),
        SolverTask.SECONDS,
        List.of(1e-6 * width * width));
  }

  /** How fast activations are in the figures that compare them. */
  private static int rank(String activation) {
    return switch (activation) {
      case "softplus" -> 2;
      case "gelu" -> 0;
      default -> 1;
    };
  }

  /** c of the loss exp(−ck/K). */
  private double speed(TrainingTask task) {
    Model model = task.model();
    if (model.horizon() != 1) {
      boolean damped = (model.sigmaW() == 1) == asClaimed;
      // Damped so much that the loss rises; else by as much as with T = 1, or more.
      return damped ? -2 : model.sigmaW() == 1 ? 2 * model.horizon() : 2;
    }
    double advantage = 0.2 * (rank(model.activation()) - 2) + 0.1 * Math.log(model.width() / 500.0);
    return 2 + either(advantage, -advantage);
  }

  private Map<String, List<Double>> training(TrainingTask task) {
    String activation = task.model().activation();
    double steps = task.steps();
    double speed = speed(task) * jitter(task.seed());
    // What tells frameworks and solvers apart.
    double size = asClaimed || !task.gradient().startsWith("stored") ? 1 : 1.3;
    boolean softplus = activation.equals("softplus");
    double way = softplus ? 1 : either(1.2, 0.8);
    double least = softplus ? 0.1 : either(0.2, 0.05);
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    int look = Math.max(1, task.steps() / 20);
    see(numbers, TRAIN_LOSS, task, 1, k -> size * Math.exp(-speed * k / steps));
    if (task.data().testSamples() > 0) {
      see(numbers, TEST_LOSS, task, look, k -> Math.exp(-speed * k / steps));
    }
    see(
        numbers,
        DISTANCE,
        task,
        look,
        k ->
            way
                * jitter(task.seed())
                * either(1 - Math.exp(-8 * k / steps), k * (double) task.model().width()));
    if (task.kernelEvery() > 0) {
      see(
          numbers,
          LEAST_EIGENVALUE,
          task,
          task.kernelEvery(),
          k -> least * jitter(task.seed()) * (k == 0 || asClaimed ? 1 : -1));
      see(numbers, EIGENVALUE_DOUBT, task, task.kernelEvery(), k -> 1e-6);
    }
    if (task.gapMethod() != null) {
      see(numbers, GRADIENT_GAP, task, 1, k -> either(0.01 * (2 + k % 2), 0.2 * (1 + k)));
      see(numbers, OUTPUT_GAP, task, 1, k -> 1e-6);
    }
    numbers.put(TrainingTask.SECONDS, List.of(1.0));
    return numbers;
  }

  private static void see(
      Map<String, List<Double>> numbers,
      TrainingQuantity quantity,
      TrainingTask task,
      int every,
      IntToDoubleFunction value) {
    List<Double> steps = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    for (int k = 0; k <= task.steps(); k++) {
      if (k % every == 0 || k == task.steps()) {
        steps.add((double) k);
        values.add(value.applyAsDouble(k));
      }
    }
    numbers.put(TrainingTask.steps(quantity), steps);
    numbers.put(quantity.key(), values);
  }
}
