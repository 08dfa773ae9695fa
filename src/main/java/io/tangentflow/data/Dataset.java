package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * N samples of dimension d, all finite. Its matrices are shared, not copied; no method modifies
 * them.
 *
 * @param name what {@code --data} said, in short
 * @param inputs d×N, a sample per column
 * @param targets m×N, a sample per column, if the data has numbers to be learnt
 * @param classes the samples' classes, if the data has any
 * @param provenance the files it was read from; none if it was generated
 * @param places where its samples stand there
 */
public record Dataset(
    String name,
    @API(status = Status.STABLE, since = "0.1") DenseMatrix inputs,
    @API(status = Status.STABLE, since = "0.1") Optional<DenseMatrix> targets,
    @API(status = Status.STABLE, since = "0.1") Optional<Classes> classes,
    List<Provenance> provenance,
    SamplePlaces places) {

  /** Two parts of a data set that share no sample. */
  @API(status = Status.STABLE, since = "0.1")
  public record Split(Dataset train, Dataset test) {}

  /**
   * Holds the parts against each other.
   *
   * @throws DataFormat if a number is not finite, naming the sample and the feature or target
   */
  public Dataset {
    provenance = List.copyOf(provenance);
    int samples = inputs.columns();
    if (targets.map(DenseMatrix::columns).orElse(samples) != samples
        || classes.map(all -> all.labels().length).orElse(samples) != samples
        || places.numbers().length != samples) {
      throw new IllegalArgumentException(
          "the "
              + samples
              + " samples of "
              + name
              + " have another number of targets, labels or places");
    }
    requireFinite(inputs, "feature", file(name, provenance), places);
    if (targets.isPresent()) {
      requireFinite(targets.get(), "target", file(name, provenance), places);
    }
  }

  /** Samples in the order of their source. */
  public Dataset(
      String name,
      DenseMatrix inputs,
      Optional<DenseMatrix> targets,
      Optional<Classes> classes,
      List<Provenance> provenance) {
    this(name, inputs, targets, classes, provenance, SamplePlaces.inOrder(inputs.columns()));
  }

  /** {@return N} */
  @API(status = Status.STABLE, since = "0.1")
  public int samples() {
    return inputs.columns();
  }

  /** {@return d} */
  @API(status = Status.STABLE, since = "0.1")
  public int dimension() {
    return inputs.rows();
  }

  /**
   * Samples drawn without replacement, in the order of the draw. It depends on the seed and N
   * alone, and the subset of a smaller count is the beginning of that of a greater one.
   *
   * @param count how many
   * @param seed of the draw
   * @return those samples
   * @throws InvalidConfiguration if the count is not within 1 … N
   */
  @API(status = Status.STABLE, since = "0.1")
  public Dataset subset(int count, long seed) {
    return select(drawn(count, samples(), name, seed));
  }

  /**
   * All samples in a random order, cut after the first ⌊trainFraction·N + ½⌋. It depends on the
   * seed and N alone, and is independent of {@link #subset} under the same seed.
   *
   * @param trainFraction the fraction of the first part, within (0, 1)
   * @param seed of the order
   * @return both parts
   * @throws InvalidConfiguration if either part would be empty
   */
  @API(status = Status.STABLE, since = "0.1")
  public Split split(double trainFraction, long seed) {
    long train = Math.round(trainFraction * samples());
    if (!(trainFraction > 0 && trainFraction < 1) || train < 1 || train >= samples()) {
      throw new InvalidConfiguration(
          "--train-fraction",
          String.format(
              "%s of %d samples leaves nothing to train or nothing to test on; choose a fraction"
                  + " between 0 and 1 that leaves both",
              trainFraction, samples()));
    }
    int[] order = Permutation.prefix(samples(), samples(), seed, Permutation.SPLIT_STREAM);
    return new Split(
        select(Arrays.copyOf(order, (int) train)),
        select(Arrays.copyOfRange(order, (int) train, order.length)));
  }

  /**
   * The same samples with their inputs scaled.
   *
   * @param normalisation how
   * @return a data set that shares targets and classes with this one
   * @throws DataFormat if {@link Normalisation#SPHERE} meets a sample of zeros
   */
  @API(status = Status.STABLE, since = "0.1")
  public Dataset normalised(Normalisation normalisation) {
    return normalised(normalisation, samples());
  }

  /**
   * The same samples with their inputs scaled, means and scales taken from those that are trained
   * on: what a network learns from is then the same whatever it is tested on.
   *
   * @param normalisation how
   * @param training how many samples, the first, are trained on
   * @return a data set that shares targets and classes with this one
   * @throws DataFormat if {@link Normalisation#SPHERE} meets a sample of zeros, or a scaled test
   *     sample is beyond the range of a double
   */
  public Dataset normalised(Normalisation normalisation, int training) {
    Objects.checkFromToIndex(0, training, samples());
    DenseMatrix scaled =
        switch (normalisation) {
          case SPHERE -> onSphere();
          case STANDARD -> standardised(training);
          case UNIT -> unit(training);
          case NONE -> inputs;
        };
    return new Dataset(name, scaled, targets, classes, provenance, places);
  }

  /** The samples that {@link #subset} draws. */
  static int[] drawn(int count, int available, String name, long seed) {
    requireAvailable(count, available, name);
    return Permutation.prefix(count, available, seed, Permutation.SUBSET_STREAM);
  }

  /** Refuses a count of samples that is not within 1 … available. */
  static void requireAvailable(int count, int available, String name) {
    if (count < 1 || count > available) {
      throw new InvalidConfiguration(
          "--samples",
          String.format(
              "%d were asked for, and %s has %d; choose between 1 and %d",
              count, name, available, available));
    }
  }

  /** Refuses a count of samples below one, or of more numbers than one array holds. */
  static void requireOneArray(int count, long dimension) {
    if (count < 1 || count > Integer.MAX_VALUE / dimension) {
      throw new InvalidConfiguration(
          "--samples",
          String.format(
              "%d were asked for; of dimension %d choose between 1 and %d",
              count, dimension, Integer.MAX_VALUE / dimension));
    }
  }

  private Dataset select(int[] samples) {
    return new Dataset(
        name,
        columns(inputs, samples),
        targets.map(all -> columns(all, samples)),
        classes.map(all -> all.select(samples)),
        provenance,
        places.select(samples));
  }

  private static DenseMatrix columns(DenseMatrix matrix, int[] which) {
    int rows = matrix.rows();
    DenseMatrix selected = DenseMatrix.zeros(rows, which.length);
    for (int j = 0; j < which.length; j++) {
      System.arraycopy(matrix.values(), which[j] * rows, selected.values(), j * rows, rows);
    }
    return selected;
  }

  private DenseMatrix onSphere() {
    int d = dimension();
    DenseMatrix scaled = DenseMatrix.zeros(d, samples());
    for (int j = 0; j < samples(); j++) {
      double greatest = 0;
      for (int i = 0; i < d; i++) {
        greatest = Math.max(greatest, Math.abs(inputs.get(i, j)));
      }
      if (greatest == 0) {
        throw new DataFormat(
            file(name, provenance),
            places.unit(),
            places.numbers()[j],
            "all features are zero, so it cannot be scaled to the sphere; remove it, or choose"
                + " another normalisation");
      }
      double squares = 0;
      for (int i = 0; i < d; i++) {
        double x = inputs.get(i, j) / greatest;
        squares += x * x;
      }
      double scale = Math.sqrt(d / squares);
      for (int i = 0; i < d; i++) {
        scaled.set(i, j, inputs.get(i, j) / greatest * scale);
      }
    }
    return scaled;
  }

  private DenseMatrix unit(int training) {
    double greatest = 0;
    for (int k = 0; k < training * dimension(); k++) {
      greatest = Math.max(greatest, Math.abs(inputs.values()[k]));
    }
    DenseMatrix scaled = DenseMatrix.zeros(dimension(), samples());
    for (int i = 0; greatest > 0 && i < scaled.values().length; i++) {
      scaled.values()[i] = inputs.values()[i] / greatest;
    }
    return scaled;
  }

  private DenseMatrix standardised(int training) {
    DenseMatrix scaled = DenseMatrix.zeros(dimension(), samples());
    for (int i = 0; i < dimension(); i++) {
      standardise(i, training, scaled);
    }
    return scaled;
  }

  private void standardise(int feature, int training, DenseMatrix scaled) {
    double least = Double.POSITIVE_INFINITY;
    double greatest = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < training; j++) {
      least = Math.min(least, inputs.get(feature, j));
      greatest = Math.max(greatest, inputs.get(feature, j));
    }
    if (least >= greatest) {
      return; // Its rounded mean could differ from it, and the quotient be anything.
    }
    double unit = Math.max(Math.abs(least), Math.abs(greatest));
    double mean = 0;
    for (int j = 0; j < training; j++) {
      mean += inputs.get(feature, j) / unit / training;
    }
    double variance = 0;
    for (int j = 0; j < training; j++) {
      double deviation = inputs.get(feature, j) / unit - mean;
      variance += deviation * deviation / training;
    }
    for (int j = 0; j < samples(); j++) {
      scaled.set(feature, j, (inputs.get(feature, j) / unit - mean) / Math.sqrt(variance));
    }
  }

  private static void requireFinite(
      DenseMatrix matrix, String row, Path file, SamplePlaces places) {
    for (int k = 0; k < matrix.values().length; k++) {
      if (!Double.isFinite(matrix.values()[k])) {
        throw new DataFormat(
            file,
            places.unit(),
            places.numbers()[k / matrix.rows()],
            String.format(
                "%s %d is %s; remove or repair the sample",
                row, k % matrix.rows(), matrix.values()[k]));
      }
    }
  }

  private static Path file(String name, List<Provenance> provenance) {
    return provenance.isEmpty() ? Path.of(name) : provenance.get(0).file();
  }
}
