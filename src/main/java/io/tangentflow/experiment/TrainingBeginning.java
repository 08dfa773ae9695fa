package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Workspace;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.experiment.TrainingConfiguration.Descent;
import io.tangentflow.experiment.TrainingConfiguration.Watch;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.kernel.empirical.TangentKernelOperator;
import io.tangentflow.kernel.empirical.TangentKernelPlan;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.kernel.limit.LimitDoubt;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.Weights;
import io.tangentflow.spectrum.ExtremeEigenvalues;
import io.tangentflow.spectrum.Search;
import io.tangentflow.spectrum.SymmetricOperator;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.train.KernelDynamics;
import io.tangentflow.train.KernelMonitor;
import io.tangentflow.train.Training;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;

/**
 * What is known of a training before its first step: the tangent kernel at the start, the limiting
 * one, what both make of the loss, and the learning rate. It is computed once, and kept in the run
 * directory.
 *
 * @param facts the numbers
 * @param monitor of the tangent kernel; empty where it is not watched
 * @param kernel the tangent kernel at the start; empty likewise
 * @param byStart descent in the kernel at the start; empty where it predicts nothing
 * @param byLimit descent in the limiting kernel; empty likewise
 */
record TrainingBeginning(
    TrainingStart facts,
    Optional<KernelMonitor> monitor,
    Optional<KernelMonitor.Kernel> kernel,
    Optional<KernelDynamics> byStart,
    Optional<KernelDynamics> byLimit) {

  private static final String FACTS = "start.json";
  private static final String KERNEL = "ntk-start.npy";
  private static final String OUTPUTS = "outputs-start.npy";
  private static final String LIMIT = "limit-ntk.npy";

  /** λ_max to so many digits is enough for a learning rate. */
  private static final double RATE_TOLERANCE = 1e-3;

  private static final int RATE_PRODUCTS = 200;

  /** The setup of a problem at a learning rate. */
  static Training.Setup setup(TrainingProblem problem, double learningRate) {
    Descent descent = problem.configuration().descent();
    return new Training.Setup(
        problem.method(),
        descent.loss(),
        descent.mean(),
        descent.blocks(),
        descent.rule(),
        learningRate,
        problem.batchSize());
  }

  /**
   * Computes it, or reads it where the run directory has it.
   *
   * @param monitor of the tangent kernel, if it is watched
   * @param weights those at the start. Not modified.
   */
  static TrainingBeginning of(
      TrainingProblem problem,
      Optional<KernelMonitor> monitor,
      RunDirectory directory,
      Weights weights,
      Workspace workspace,
      TrainingRun.Listener listener) {
    return new Maker(problem, directory, weights, workspace, listener).make(monitor);
  }

  /** The making of it. */
  private static final class Maker {
    private final TrainingProblem problem;
    private final Watch watch;
    private final Descent descent;
    private final RunDirectory directory;
    private final Weights weights;
    private final Workspace workspace;
    private final Backend backend;
    private final TrainingRun.Listener listener;

    Maker(
        TrainingProblem problem,
        RunDirectory directory,
        Weights weights,
        Workspace workspace,
        TrainingRun.Listener listener) {
      this.problem = problem;
      this.directory = directory;
      this.weights = weights;
      this.workspace = workspace;
      this.listener = listener;
      watch = problem.configuration().watch();
      descent = problem.configuration().descent();
      backend = workspace.backend();
    }

    TrainingBeginning make(Optional<KernelMonitor> monitor) {
      monitor.ifPresent(m -> listener.status("tangent kernel: " + m.plan()));
      Optional<TrainingStart> known = directory.read(FACTS, TrainingStart.class);
      return known.isPresent() ? read(known.get(), monitor) : compute(monitor);
    }

    private TrainingBeginning compute(Optional<KernelMonitor> monitor) {
      explainPredictions();
      Optional<KernelMonitor.Kernel> kernel = monitor.map(m -> m.kernel(weights, workspace));
      if (kernel.isPresent()
          && kernel.get().truncation() == 0
          && !monitor.orElseThrow().plan().nodes().all()) {
        listener.status(
            "the tangent kernel keeps all pairs, as gradients are not smooth enough in time for"
                + " fewer");
      }
      Optional<KernelMonitor.Reading> reading =
          kernel.map(k -> KernelMonitor.read(k, Optional.empty(), backend.precision()));
      Double greatest = descent.learningRate() == null ? greatest(reading) : null;
      double rate = greatest == null ? descent.learningRate() : automatic(greatest);
      Optional<LimitGram> limit = predictsByLimit() ? limit() : Optional.empty();
      DenseMatrix outputs = outputs();
      Optional<KernelDynamics> byStart = byStart(kernel, outputs);
      Optional<KernelDynamics> byLimit = limit.map(l -> byLimit(l.ntk(), l.ntkError(), outputs));
      RateEigenvalue least = rateEigenvalue(byLimit, reading);
      TrainingStart facts =
          new TrainingStart(
              rate,
              greatest,
              monitor.map(m -> description(m)).orElse(null),
              kernel.map(KernelMonitor.Kernel::truncation).orElse(0.0),
              limit.isPresent(),
              limit.map(LimitGram::ntkError).orElse(0.0),
              least.value(),
              least.source());
      kernel.ifPresent(k -> Npy.write(directory.file(KERNEL), k.gram(), ElementType.FP64));
      Npy.write(directory.file(OUTPUTS), outputs.transpose(), ElementType.FP64);
      limit.ifPresent(l -> Npy.write(directory.file(LIMIT), l.ntk(), ElementType.FP64));
      directory.write(FACTS, facts);
      return new TrainingBeginning(facts, monitor, kernel, byStart, byLimit);
    }

    private TrainingBeginning read(TrainingStart facts, Optional<KernelMonitor> monitor) {
      int samples = problem.inputs().columns();
      int outputCount = problem.model().outputs();
      int order = problem.samplesOfKernel() * (problem.meanOfOutputs() ? 1 : outputCount);
      Optional<KernelMonitor.Kernel> kernel =
          monitor.map(
              m ->
                  new KernelMonitor.Kernel(stored(KERNEL, order, order), facts.kernelTruncation()));
      DenseMatrix outputs = stored(OUTPUTS, samples, outputCount).transpose();
      return new TrainingBeginning(
          facts,
          monitor,
          kernel,
          byStart(kernel, outputs),
          facts.limit()
              ? Optional.of(byLimit(stored(LIMIT, samples, samples), facts.limitError(), outputs))
              : Optional.empty());
    }

    private DenseMatrix stored(String name, int rows, int columns) {
      Path file = directory.file(name);
      DenseMatrix matrix = Npy.readFinite(file);
      if (matrix.rows() != rows || matrix.columns() != columns) {
        throw new DataFormat(
            file,
            String.format(
                "is %d×%d, where this run has %d×%d",
                matrix.rows(), matrix.columns(), rows, columns),
            null);
      }
      return matrix;
    }

    private String description(KernelMonitor monitor) {
      return String.format(
          "%s, on %d samples and %s",
          monitor.plan().algorithm(),
          problem.samplesOfKernel(),
          problem.model().outputs() == 1
              ? "one output"
              : problem.meanOfOutputs() ? "the mean over outputs" : "all outputs");
    }

    private void explainPredictions() {
      if (!watch.predictStart() && !watch.predictLimit()) {
        return;
      }
      if (problem.unpredictable().isPresent()) {
        listener.status("no loss is predicted, as " + problem.unpredictable().get());
      } else if (watch.predictStart() && !problem.predictsByStart()) {
        listener.status(
            "the kernel at the start predicts no loss, as it is not of all training samples");
      }
      if (watch.predictLimit() && problem.unpredictable().isEmpty() && withoutLimit().isPresent()) {
        listener.status("the limiting kernel predicts no loss, as " + withoutLimit().get());
      }
    }

    private boolean predictsByLimit() {
      return watch.predictLimit() && problem.unpredictable().isEmpty() && withoutLimit().isEmpty();
    }

    /** Why there is no limiting kernel of this training; empty if there is. */
    private Optional<String> withoutLimit() {
      if (descent.blocks().size() < Block.values().length) {
        return Optional.of("it is that of all parameters, and some are frozen");
      }
      String dynamics = problem.configuration().network().dynamics();
      return dynamics.equals(StandardDynamics.PRE_ACTIVATION.label())
          ? Optional.empty()
          : Optional.of("there is none of the " + dynamics + " dynamics");
    }

    /** Of the training samples; empty if it does not exist. */
    private Optional<LimitGram> limit() {
      int samples = problem.inputs().columns();
      long pairs = (long) samples * (samples + 1) / 2;
      ForkJoinPool pool = new ForkJoinPool(problem.configuration().machine().threads());
      try {
        LimitGram limit =
            LimitingKernel.of(problem.model(), stepping())
                .gram(problem.inputs(), pool, done -> listener.limit(done, pairs));
        LimitDoubt.of(limit).ifPresent(listener::warning);
        return Optional.of(limit);
      } catch (InvalidConfiguration e) {
        listener.warning("there is no limiting kernel: " + e.getMessage());
        return Optional.empty();
      } finally {
        pool.shutdown();
      }
    }

    private Stepping stepping() {
      return problem.method().forward();
    }

    private DenseMatrix outputs() {
      try (Workspace scratch = workspace.scope()) {
        return backend.download(
            problem.method().outputs(weights, weights.upload(problem.inputs(), scratch), scratch));
      }
    }

    private Optional<KernelDynamics> byStart(
        Optional<KernelMonitor.Kernel> kernel, DenseMatrix outputs) {
      return problem.predictsByStart()
          ? kernel.map(
              k ->
                  KernelDynamics.of(k.gram(), problem.targets().values())
                      .from(outputs)
                      .withEntryError(k.entryError(backend.precision())))
          : Optional.empty();
    }

    private KernelDynamics byLimit(DenseMatrix ntk, double error, DenseMatrix outputs) {
      return KernelDynamics.of(ntk, problem.targets().values()).from(outputs).withEntryError(error);
    }

    /** λ₀, the part of a least eigenvalue that is surely positive. */
    private record RateEigenvalue(Double value, String source) {}

    private RateEigenvalue rateEigenvalue(
        Optional<KernelDynamics> byLimit, Optional<KernelMonitor.Reading> reading) {
      if (problem.unpredictable().isPresent()) {
        return new RateEigenvalue(null, null);
      }
      double ofLimit =
          byLimit.map(limit -> limit.leastEigenvalue() - limit.eigenvalueError()).orElse(0.0);
      if (ofLimit > 0) {
        return new RateEigenvalue(ofLimit, "the limiting kernel");
      }
      // λ_min of a part of the kernel, or of the outputs' mean, is no lower bound of its own.
      double ofStart = ofWhole(reading).map(r -> r.least() - r.doubt()).orElse(0.0);
      return ofStart > 0
          ? new RateEigenvalue(ofStart, "the kernel at the start")
          : new RateEigenvalue(null, null);
    }

    private double automatic(double greatest) {
      double bound = 2 / (greatest * descent.loss().curvature() * problem.greatestWeight());
      if (!(bound > 0) || !Double.isFinite(bound)) {
        throw new InvalidConfiguration(
            "--learning-rate",
            "auto follows from the greatest eigenvalue of the tangent kernel, which is "
                + greatest
                + "; give a number");
      }
      double rate = descent.rateFraction() * bound;
      listener.status(
          String.format(
              "learning rate %.4g, %s of the %.4g up to which descent in the kernel at the start"
                  + " cannot diverge (λ_max = %.5g)",
              rate, descent.rateFraction(), bound, greatest));
      return rate;
    }

    /** What was read, if it is of the kernel of all outputs and training samples. */
    private Optional<KernelMonitor.Reading> ofWhole(Optional<KernelMonitor.Reading> reading) {
      return reading.filter(
          r ->
              problem.samplesOfKernel() == problem.inputs().columns()
                  && (problem.model().outputs() == 1 || !problem.meanOfOutputs()));
    }

    /** λ_max of the kernel of all outputs and training samples. */
    private double greatest(Optional<KernelMonitor.Reading> reading) {
      Optional<KernelMonitor.Reading> whole = ofWhole(reading);
      if (whole.isPresent()) {
        return whole.get().greatest();
      }
      if (!(problem.method() instanceof DiscreteAdjoint discrete)) {
        throw new InvalidConfiguration(
            "--learning-rate",
            "auto needs the tangent kernel of all samples and outputs, or a solver of equal steps"
                + " and the plain dynamics: give a number, or --kernel-outputs all");
      }
      try {
        return greatest(TimeNodes.AUTO, discrete);
      } catch (InvalidConfiguration notSmooth) {
        listener.status("gradients are not smooth enough in time for fewer nodes; all are kept");
        return greatest(TimeNodes.ALL, discrete);
      }
    }

    private double greatest(TimeNodes nodes, DiscreteAdjoint discrete) {
      long free = workspace.remainingBytes();
      TangentKernelPlan plan =
          TangentKernelPlan.of(
              nodes,
              problem.model(),
              discrete.grid(),
              problem.inputs().columns(),
              backend.precision(),
              MemoryBudget.of(backend, free));
      listener.status("greatest eigenvalue for the learning rate: " + plan);
      try (TangentKernelOperator kernel =
          TangentKernelOperator.of(
              problem.model(),
              descent.blocks(),
              discrete.grid(),
              plan,
              problem.parameters(),
              problem.inputs(),
              backend,
              fraction -> {})) {
        return greatest(kernel);
      }
    }

    private double greatest(TangentKernelOperator kernel) {
      SymmetricOperator operator =
          new SymmetricOperator(kernel.order(), kernel::times, kernel.productError());
      Search search =
          new Search(0, 1, RATE_TOLERANCE, RATE_PRODUCTS, 1, Math.min(64, kernel.order()));
      return ExtremeEigenvalues.of(operator, search, products -> {}).greatest().get(0).value();
    }
  }
}
