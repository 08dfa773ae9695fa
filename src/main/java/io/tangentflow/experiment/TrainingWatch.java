package io.tangentflow.experiment;

import static io.tangentflow.experiment.TrainingQuantity.BATCH_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE_U;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE_V;
import static io.tangentflow.experiment.TrainingQuantity.DISTANCE_W;
import static io.tangentflow.experiment.TrainingQuantity.EIGENVALUE_DOUBT;
import static io.tangentflow.experiment.TrainingQuantity.GRADIENT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.GREATEST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.KERNEL_CHANGE;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.OUTPUT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.PREDICTED_BY_LIMIT;
import static io.tangentflow.experiment.TrainingQuantity.PREDICTED_BY_START;
import static io.tangentflow.experiment.TrainingQuantity.RATE_BOUND;
import static io.tangentflow.experiment.TrainingQuantity.TEST_ACCURACY;
import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_ACCURACY;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.StepSizeUnderflow;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.experiment.TrainingConfiguration.Watch;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.model.Block;
import io.tangentflow.ode.Weights;
import io.tangentflow.train.FrameworkGap;
import io.tangentflow.train.KernelDynamics;
import io.tangentflow.train.KernelMonitor;
import io.tangentflow.train.LinearRate;
import io.tangentflow.train.ParameterDistance;
import io.tangentflow.train.PredictedLoss;
import io.tangentflow.train.Training;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Looks at a training before its steps and at its end, at each quantity when it is due. */
final class TrainingWatch {

  private final TrainingProblem problem;
  private final Watch watch;
  private final TrainingBeginning beginning;
  private final Training training;
  private final Weights weights;
  private final Matrix x;
  private final Matrix y;
  private final Optional<Matrix> testX;
  private final Optional<Matrix> testY;
  private final Workspace workspace;
  private final Optional<PredictedLoss> byStart;
  private final Optional<PredictedLoss> byLimit;
  private final Optional<RateBound> bound;
  private final Optional<GradientMethod> gapMethod;
  private final ParameterDistance distance;
  private final long end;

  TrainingWatch(
      TrainingProblem problem,
      TrainingBeginning beginning,
      Training training,
      Weights weights,
      Matrix x,
      Matrix y,
      Workspace workspace) {
    this.problem = problem;
    this.beginning = beginning;
    this.training = training;
    this.weights = weights;
    this.x = x;
    this.y = y;
    this.workspace = workspace;
    watch = problem.configuration().watch();
    end = problem.configuration().descent().steps();
    testX = problem.testInputs().map(workspace::upload);
    testY = problem.testTargets().map(targets -> workspace.upload(targets.values()));
    double rate = beginning.facts().learningRate();
    double weight = problem.weight();
    byStart = beginning.byStart().map(kernel -> new PredictedLoss(kernel, rate, weight));
    byLimit = beginning.byLimit().map(kernel -> new PredictedLoss(kernel, rate, weight));
    bound = bound(rate * weight);
    gapMethod =
        watch.gap() > 0 ? Optional.of(problem.configuration().gapMethod()) : Optional.empty();
    distance =
        new ParameterDistance(
            problem.parameters(), weights, problem.configuration().descent().blocks());
  }

  /** Looks at the weights as they are before step k, or at the end. */
  Map<TrainingQuantity, Double> before(long step, boolean atEnd) {
    Map<TrainingQuantity, Double> values = new EnumMap<>(TrainingQuantity.class);
    try {
      look(step, atEnd, values);
    } catch (NonFiniteState | StepSizeUnderflow e) {
      // Where it is the training that has diverged, this says so.
      training.evaluate(x, y);
      throw e;
    }
    putPredictions(step, values);
    return values;
  }

  private void look(long step, boolean atEnd, Map<TrainingQuantity, Double> values) {
    if (due(watch.distance(), step)) {
      putDistance(values);
    }
    if (due(watch.kernel(), step)) {
      putKernel(step, values);
    }
    if (due(watch.gap(), step)) {
      putGap(values);
    }
    if (due(watch.test(), step) && testX.isPresent()) {
      putTest(values);
    }
    // A step of all samples gives their loss itself.
    if (atEnd || (!problem.fullBatch() && due(watch.test(), step))) {
      putTrain(training.evaluate(x, y), due(watch.test(), step), values);
    }
  }

  /** Adds what step k, taken since, gave. */
  void stepped(long step, double loss, Map<TrainingQuantity, Double> values) {
    if (!problem.fullBatch()) {
      values.put(BATCH_LOSS, loss);
      return;
    }
    values.put(TRAIN_LOSS, loss);
    if (due(watch.test(), step)) {
      problem
          .targets()
          .accuracy(training.outputsOfStep())
          .ifPresent(accuracy -> values.put(TRAIN_ACCURACY, accuracy));
    }
  }

  private boolean due(long every, long step) {
    return Watch.due(every, step, end);
  }

  private void putTrain(
      Training.Evaluation seen, boolean accuracy, Map<TrainingQuantity, Double> values) {
    values.put(TRAIN_LOSS, seen.loss());
    if (accuracy) {
      problem
          .targets()
          .accuracy(seen.outputs())
          .ifPresent(share -> values.put(TRAIN_ACCURACY, share));
    }
  }

  private void putTest(Map<TrainingQuantity, Double> values) {
    Training.Evaluation seen = training.evaluate(testX.orElseThrow(), testY.orElseThrow());
    values.put(TEST_LOSS, seen.loss());
    problem
        .testTargets()
        .orElseThrow()
        .accuracy(seen.outputs())
        .ifPresent(share -> values.put(TEST_ACCURACY, share));
  }

  private void putDistance(Map<TrainingQuantity, Double> values) {
    Map<Block, Double> distances = distance.now(workspace);
    values.put(DISTANCE, ParameterDistance.total(distances));
    distances.forEach(
        (block, moved) ->
            values.put(
                switch (block) {
                  case U -> DISTANCE_U;
                  case W -> DISTANCE_W;
                  case V -> DISTANCE_V;
                },
                moved));
  }

  private void putKernel(long step, Map<TrainingQuantity, Double> values) {
    KernelMonitor.Kernel start = beginning.kernel().orElseThrow();
    KernelMonitor.Kernel now =
        step == 0 ? start : beginning.monitor().orElseThrow().kernel(weights, workspace);
    KernelMonitor.Reading reading =
        KernelMonitor.read(now, Optional.of(start.gram()), workspace.backend().precision());
    values.put(LEAST_EIGENVALUE, reading.least());
    values.put(GREATEST_EIGENVALUE, reading.greatest());
    values.put(EIGENVALUE_DOUBT, reading.doubt());
    values.put(KERNEL_CHANGE, reading.change());
  }

  private void putGap(Map<TrainingQuantity, Double> values) {
    FrameworkGap gap =
        FrameworkGap.between(
            problem.method(),
            gapMethod.orElseThrow(),
            problem.configuration().descent().loss(),
            problem.configuration().descent().blocks(),
            weights,
            x,
            y,
            workspace);
    values.put(OUTPUT_GAP, gap.outputs());
    values.put(GRADIENT_GAP, gap.gradient());
  }

  private void putPredictions(long step, Map<TrainingQuantity, Double> values) {
    byStart.ifPresent(
        predicted -> predicted.at(step).ifPresent(loss -> values.put(PREDICTED_BY_START, loss)));
    byLimit.ifPresent(
        predicted -> predicted.at(step).ifPresent(loss -> values.put(PREDICTED_BY_LIMIT, loss)));
    bound.ifPresent(rate -> values.put(RATE_BOUND, rate.at(step)));
  }

  /**
   * In a kernel whose eigenvalues lie within λ₀ … λ_max the residual falls at least by 1 − min(ηλ₀,
   * 2 − ηλ_max) in each step, and the loss by its square. Of a network, whose kernel moves, Theorem
   * 3 has it with some part of λ₀ once it is wide enough: it is a rate to hold the loss against.
   *
   * @param first the loss at the start
   */
  private record RateBound(double first, LinearRate rate) {
    double at(long step) {
      return first * Math.exp(2 * step * Math.log1p(-rate.decrease()));
    }
  }

  private Optional<RateBound> bound(double rate) {
    Double least = beginning.facts().rateEigenvalue();
    return least == null
        ? Optional.empty()
        : byStart
            .or(() -> byLimit)
            .flatMap(
                predicted -> {
                  KernelDynamics kernel = predicted.dynamics();
                  double greatest = kernel.greatestEigenvalue() + kernel.eigenvalueError();
                  LinearRate linear = LinearRate.of(rate, least, greatest);
                  OptionalDouble first = predicted.at(0);
                  return first.isPresent() && linear.decrease() > 0 && linear.decrease() < 1
                      ? Optional.of(new RateBound(first.getAsDouble(), linear))
                      : Optional.empty();
                });
  }
}
