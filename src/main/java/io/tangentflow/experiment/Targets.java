package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Classes;
import io.tangentflow.data.Dataset;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a network shall say to each sample, and how a class is read from what it says.
 *
 * @param coding what the numbers mean
 * @param values y, m×N, a sample per column
 * @param labels the classes of the N samples; none where the coding is {@link Coding#DATA}
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
    DATA("the numbers of the data as they are");

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
   * @throws InvalidConfiguration if the data do not have what the coding needs
   */
  public static Targets of(Dataset dataset, Coding coding) {
    return switch (coding) {
      case ONEHOT -> new Targets(coding, centred(classes(dataset, coding)), dataset.classes());
      case INDICATOR -> new Targets(coding, classes(dataset, coding).oneHot(), dataset.classes());
      case LABELS -> new Targets(coding, numbers(classes(dataset, coding)), dataset.classes());
      case DATA ->
          of(dataset.targets().orElseThrow(() -> lacking(dataset, coding, "numbers to be learnt")));
    };
  }

  private static Classes classes(Dataset dataset, Coding coding) {
    return dataset.classes().orElseThrow(() -> lacking(dataset, coding, "classes"));
  }

  private static InvalidConfiguration lacking(Dataset dataset, Coding coding, String what) {
    return new InvalidConfiguration(
        "--targets", coding + " needs " + what + ", and " + dataset.name() + " has none");
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
