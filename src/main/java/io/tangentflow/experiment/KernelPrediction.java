package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.train.KernelBlocks;
import io.tangentflow.train.KernelDynamics;
import io.tangentflow.train.KernelEnsemble;
import io.tangentflow.train.SpectralFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;

/**
 * What training in a fixed kernel predicts, of training and test samples: the mean over infinitely
 * wide networks of random parameters, which is the training from f₀ = 0, and where the NNGP is
 * known, the variance over these networks.
 */
public final class KernelPrediction {

  /**
   * What is asked.
   *
   * @param dynamics training from f₀ = 0
   * @param cross Θ(x, X) of the test samples, as {@link KernelDynamics#outputs} takes it
   * @param nngp K of training and test samples, if variances are asked for
   * @param train y of the training samples
   * @param testSamples M
   * @param test y of the test samples, if known
   */
  public record Question(
      KernelDynamics dynamics,
      DenseMatrix cross,
      Optional<KernelBlocks> nngp,
      Targets train,
      int testSamples,
      Optional<Targets> test) {}

  /**
   * The prediction at one time.
   *
   * @param trainOutputs f_t(X), m×N
   * @param trainLoss ½ Σ (f_t(X) − y)²
   * @param testOutputs f_t(x), m×M
   * @param testLoss the same of the test samples, if their targets are known
   * @param variance of each test output over networks, 1×M, or m×M where the outputs are coupled
   */
  public record Row(
      SpectralFilter filter,
      DenseMatrix trainOutputs,
      double trainLoss,
      OptionalDouble trainAccuracy,
      DenseMatrix testOutputs,
      OptionalDouble testLoss,
      OptionalDouble testAccuracy,
      Optional<DenseMatrix> variance) {}

  /**
   * The losses at one time.
   *
   * @param testLoss empty where the targets of the test samples are not known
   */
  public record Losses(double time, double trainLoss, OptionalDouble testLoss) {}

  private final Question question;
  private final Optional<KernelEnsemble> ensemble;

  /**
   * Prepares the answers.
   *
   * @throws io.tangentflow.TangentFlowException.KernelNotPositive if the NNGP is not that of a
   *     kernel
   */
  public KernelPrediction(Question question) {
    this.question = question;
    ensemble = question.nngp.map(k -> new KernelEnsemble(question.dynamics, k.train()));
  }

  /**
   * The predictions at some times.
   *
   * @param done receives how many are finished
   * @throws TrainingDiverged if a loss overflows
   * @throws io.tangentflow.TangentFlowException.KernelNotPositive as {@link
   *     KernelDynamics#requireDetermined} says
   */
  public List<Row> at(List<? extends SpectralFilter> filters, IntConsumer done) {
    filters.forEach(question.dynamics::requireDetermined);
    List<Row> rows = new ArrayList<>();
    for (SpectralFilter filter : filters) {
      rows.add(row(filter));
      done.accept(rows.size());
    }
    return rows;
  }

  private Row row(SpectralFilter filter) {
    KernelDynamics dynamics = question.dynamics;
    DenseMatrix trainOutputs = dynamics.trainOutputs(filter);
    DenseMatrix testOutputs = testOutputs(filter);
    Row row =
        new Row(
            filter,
            trainOutputs,
            dynamics.trainLoss(filter),
            question.train.accuracy(trainOutputs),
            testOutputs,
            testLoss(testOutputs),
            question.test.map(y -> y.accuracy(testOutputs)).orElse(OptionalDouble.empty()),
            ensemble.map(networks -> variance(networks, filter)));
    requireFinite(filter, row.trainLoss + testOutputs.norm());
    return row;
  }

  /** The losses alone, which take little time. */
  public Losses losses(double time, SpectralFilter filter) {
    double trainLoss = question.dynamics.trainLoss(filter);
    requireFinite(filter, trainLoss);
    return new Losses(time, trainLoss, testLoss(testOutputs(filter)));
  }

  private DenseMatrix testOutputs(SpectralFilter filter) {
    DenseMatrix atStart = DenseMatrix.zeros(question.train.values().rows(), question.testSamples);
    return question.dynamics.outputs(filter, question.cross, atStart);
  }

  private OptionalDouble testLoss(DenseMatrix testOutputs) {
    return question
        .test
        .map(y -> OptionalDouble.of(y.loss(testOutputs)))
        .orElse(OptionalDouble.empty());
  }

  private DenseMatrix variance(KernelEnsemble networks, SpectralFilter filter) {
    KernelBlocks k = question.nngp.orElseThrow();
    DenseMatrix covariance = networks.covariance(filter, question.cross, k.cross(), k.others());
    DenseMatrix variance =
        DenseMatrix.zeros(covariance.rows() / question.testSamples, question.testSamples);
    for (int i = 0; i < covariance.rows(); i++) {
      variance.values()[i] = covariance.get(i, i);
    }
    return variance;
  }

  /** Only descent with too great a learning rate grows without bounds. */
  private void requireFinite(SpectralFilter filter, double size) {
    if (!Double.isFinite(size) && filter instanceof SpectralFilter.Descent descent) {
      throw new TrainingDiverged(descent.steps(), descent.rate(), question.dynamics.greatestRate());
    }
  }
}
