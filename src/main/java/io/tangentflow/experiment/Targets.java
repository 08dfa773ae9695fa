package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Classes;
import io.tangentflow.data.Dataset;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * What a network shall say to each sample, and how a class is read from what it says.
 *
 * @param coding what the numbers mean
 * @param values y, m×N, a sample per column
 * @param labels the classes of the N samples; none where the coding is {@link Coding#DATA} or
 *     {@link Coding#STANDARD}
 */
public record Targets(Coding coding, DenseMatrix values, Optional<Classes> labels) {

  /** How targets are made. */
  public enum Coding {
    /**
     * One output per class: 1 − 1/m for a sample's own class, −1/m for the others, which sums to
     * zero, as the mean of all networks does at the start. Read as the class of the greatest.
     */
    ONEHOT("one output per class, 1 − 1/m for its own and −1/m for the others"),
    /** One output per class: a distribution over classes, as cross-entropy takes it. */
    INDICATOR("one output per class, 1 for its own and 0 for the others"),
    /** One output, the number of the class, read as the nearest class. */
    LABELS("one output, the number of the class"),
    /** The numbers of the data, as they are. */
    DATA("the numbers of the data as they are"),
    /**
     * The numbers of the data, each output less its mean over the training samples and divided by
     * its standard deviation over them (N in the divisor).
     */
    STANDARD("the numbers of the data less their mean, in standard deviations");

    private final String description;

    Coding(String description) {
      this.description = description;
    }

    /** In words. */
    public String description() {
      return description;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Numbers as they are. */
  public static Targets of(DenseMatrix values) {
    return new Targets(Coding.DATA, values, Optional.empty());
  }

  /** One-hot where the data have classes, else their numbers. */
  public static Coding defaultCoding(Dataset dataset) {
    return dataset.classes().isPresent() ? Coding.ONEHOT : Coding.DATA;
  }

  /**
   * The targets of a data set.
   *
   * @param training how many samples, the first, are trained on; they alone give {@link
   *     Coding#STANDARD} its mean and deviation
   * @throws InvalidConfiguration if the data do not have what the coding needs
   */
  public static Targets of(Dataset dataset, Coding coding, int training) {
    return switch (coding) {
      case ONEHOT -> new Targets(coding, centred(classes(dataset, coding)), dataset.classes());
      case INDICATOR -> new Targets(coding, classes(dataset, coding).oneHot(), dataset.classes());
      case LABELS -> new Targets(coding, numbers(classes(dataset, coding)), dataset.classes());
      case DATA -> of(numbers(dataset, coding));
      case STANDARD -> new Targets(coding, standard(dataset, training), Optional.empty());
    };
  }

  private static DenseMatrix numbers(Dataset dataset, Coding coding) {
    return dataset
        .targets()
        .orElseThrow(
            () ->
                lacking(
                    dataset,
                    coding,
                    "numbers to be learnt",
                    "; csv:FILE#COLUMN names their column"));
  }

  private static Classes classes(Dataset dataset, Coding coding) {
    return dataset
        .classes()
        .orElseThrow(
            () -> lacking(dataset, coding, "classes", "; those of a CSV are words, not numbers"));
  }

  private static InvalidConfiguration lacking(
      Dataset dataset, Coding coding, String what, String ofCsv) {
    return new InvalidConfiguration(
        "--targets",
        coding
            + " needs "
            + what
            + ", and "
            + dataset.name()
            + " has none"
            + (dataset.name().startsWith("csv:") ? ofCsv : ""));
  }

  private static DenseMatrix centred(Classes classes) {
    DenseMatrix values = classes.oneHot();
    for (int k = 0; k < values.values().length; k++) {
      values.values()[k] -= 1.0 / classes.count();
    }
    return values;
  }

  private static DenseMatrix numbers(Classes classes) {
    return new DenseMatrix(
        1, classes.labels().length, Arrays.stream(classes.labels()).asDoubleStream().toArray());
  }

  private static DenseMatrix standard(Dataset dataset, int training) {
    DenseMatrix numbers = numbers(dataset, Coding.STANDARD);
    DenseMatrix values = DenseMatrix.zeros(numbers.rows(), numbers.columns());
    for (int o = 0; o < numbers.rows(); o++) {
      SummaryStatistics trained = new SummaryStatistics();
      for (int i = 0; i < training; i++) {
        trained.addValue(numbers.get(o, i));
      }
      double deviation = Math.sqrt(trained.getPopulationVariance());
      if (!(deviation > 0 && Double.isFinite(deviation))) {
        throw new InvalidConfiguration(
            "--targets",
            String.format(
                "standard divides by a standard deviation, and that of target %d of %s over %d"
                    + " training sample%s is %s",
                o, dataset.name(), training, training == 1 ? "" : "s", deviation));
      }
      for (int i = 0; i < numbers.columns(); i++) {
        values.set(o, i, (numbers.get(o, i) - trained.getMean()) / deviation);
      }
    }
    return values;
  }

  /** N. */
  public int samples() {
    return values.columns();
  }

  /** The samples {@code from} … {@code to − 1}. */
  public Targets range(int from, int to) {
    int m = values.rows();
    return new Targets(
        coding,
        new DenseMatrix(m, to - from, Arrays.copyOfRange(values.values(), from * m, to * m)),
        labels.map(all -> new Classes(all.count(), Arrays.copyOfRange(all.labels(), from, to))));
  }

  /** L = ½ Σ (f − y)², of outputs m×N. */
  public double loss(DenseMatrix outputs) {
    double distance = values.distance(outputs);
    return 0.5 * distance * distance;
  }

  /** The share of samples whose class is read from their outputs; empty without classes. */
  public OptionalDouble accuracy(DenseMatrix outputs) {
    if (labels.isEmpty()) {
      return OptionalDouble.empty();
    }
    int correct = 0;
    for (int i = 0; i < samples(); i++) {
      correct += read(outputs, i) == labels.get().labels()[i] ? 1 : 0;
    }
    return OptionalDouble.of((double) correct / samples());
  }

  private long read(DenseMatrix outputs, int sample) {
    if (coding == Coding.LABELS) {
      return Math.round(outputs.get(0, sample));
    }
    int greatest = 0;
    for (int o = 1; o < outputs.rows(); o++) {
      if (outputs.get(o, sample) > outputs.get(greatest, sample)) {
        greatest = o;
      }
    }
    return greatest;
  }
}
