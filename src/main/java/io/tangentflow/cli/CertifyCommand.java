package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.LimitCertificate;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.spectrum.GramCertificate;
import io.tangentflow.spectrum.KernelPair;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "certify",
    mixinStandardHelpOptions = true,
    description = {
      "Whether the limiting NTK of given samples is strictly positive definite, and how fast gradient"
          + " descent is by it: λ_min and λ_max with error bounds, learning rates, the pairs of samples"
          + " that decide, and the assumptions of the convergence theorem.",
      "An error bound has three parts: the evaluation of the kernel (N times the error estimate of an"
          + " entry; the estimate compares two numbers of quadrature nodes and is no theorem), the"
          + " rounding of inner products (N times the most that it can move an entry), and the"
          + " eigen-solver (verified by Cholesky's factorisation).",
      "Exit code 0 whatever the answer, which is \"definiteness\" in --json: positive-definite, singular"
          + " or undecided. Exit code 10 if λ_min is negative by more than its bound.",
      "Samples are numbered by their places in the file: lines of a CSV file, from 1; samples of any"
          + " other, and rows of --gram, from 0."
    })
final class CertifyCommand implements Callable<Integer> {

  /** What has no meaning for a given matrix. */
  private static final List<String> OF_DATA =
      List.of("--data", "--samples", "--data-seed", "--normalise", "--threads");

  @Spec private CommandSpec command;

  @Mixin private Console console;
  @Mixin private DataOptions data;
  @Mixin private LimitOptions limit;

  @Option(
      names = "--learning-rate",
      paramLabel = "η",
      description = "Learning rate of gradient descent on ½‖f(X) − y‖² (default: 1/λ_max).")
  private Double learningRate;

  @Option(
      names = "--gram",
      paramLabel = "FILE",
      description =
          "Certify the symmetric matrix in this .npy file, its entries taken as exact; where two that"
              + " should be equal differ by rounding, half the difference is in the bounds (default:"
              + " the limiting NTK on --data).")
  private Path gram;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads (default: the processors of this machine).")
  private Integer threads;

  @Override
  public Integer call() {
    if (learningRate != null && !(learningRate > 0 && Double.isFinite(learningRate))) {
      throw new InvalidConfiguration(
          "--learning-rate", "must be a positive number, not " + learningRate);
    }
    CertificateReport report = gram == null ? ofLimit() : ofGram();
    console.result(report.text(), report.json());
    return 0;
  }

  private CertificateReport ofGram() {
    for (List<String> options : List.of(OF_DATA, LimitOptions.NAMES)) {
      OptionList.refuse(
          command, options, "is about a limiting kernel, and --gram gives a matrix; leave one out");
    }
    SymmetricFile read = SymmetricFile.read(gram);
    DenseMatrix matrix = read.matrix();
    if (matrix.norm() == 0) {
      throw new DataFormat(gram, "is zero, so there is nothing to certify", null);
    }
    return CertificateReport.ofGram(
        gram.toString(),
        read,
        GramCertificate.of(matrix, read.asymmetry() / matrix.rows(), 0),
        KernelPair.mostDependent(matrix),
        learningRate);
  }

  private CertificateReport ofLimit() {
    limit.kernel(1); // Refuses what is impossible before the data are read.
    if (data.samples > DenseMatrix.GREATEST_ORDER) {
      throw new InvalidConfiguration(
          "--samples",
          data.samples
              + " make a Gram matrix of more than 2^31 entries; choose at most "
              + DenseMatrix.GREATEST_ORDER);
    }
    int poolThreads =
        threads == null
            ? Runtime.getRuntime().availableProcessors()
            : new BackendOptions(Precision.FP64, threads).threads();
    Dataset dataset = data.load();
    NeuralOde model = limit.model(dataset.dimension());
    long entries = (long) dataset.samples() * (dataset.samples() + 1) / 2;
    console.status(
        "limiting NTK of "
            + limit.description()
            + ", "
            + entries
            + " pairs on "
            + poolThreads
            + " threads");
    ForkJoinPool pool = new ForkJoinPool(poolThreads);
    try (LimitBars progress = new LimitBars(console, entries)) {
      LimitCertificate certificate =
          LimitCertificate.of(
              model, limit.kernel(dataset.dimension()), limit.steps(), dataset, pool, progress);
      return CertificateReport.ofLimit(
          certificate, model, limit.steps(), data.data, dataset.places(), learningRate);
    } finally {
      pool.shutdown();
    }
  }
}
