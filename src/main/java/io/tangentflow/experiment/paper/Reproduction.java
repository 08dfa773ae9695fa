package io.tangentflow.experiment.paper;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Normalisation;
import io.tangentflow.experiment.Targets;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;

/**
 * What is to be reproduced, on what. It is written to {@code run.json} and read back by {@code
 * resume}, so its components are plain values.
 *
 * @param figures names of {@link PaperFigures}, in their order
 * @param dataDir the directory of the paper's data sets; null for the built-in digits in the place
 *     of all of them
 * @param seed from which those of networks and of the choice of samples follow
 * @param backend a name or {@code auto}
 */
public record Reproduction(
    List<String> figures,
    PaperScale scale,
    String dataDir,
    long seed,
    String backend,
    int threads) {

  private static final int DIGITS = 1797;

  public Reproduction {
    Objects.requireNonNull(scale);
    Objects.requireNonNull(backend);
    figures = List.copyOf(figures);
    if (figures.isEmpty()) {
      throw new InvalidConfiguration("FIG", "name at least one figure, or all");
    }
    figures.forEach(PaperFigures::named);
  }

  /** The figures themselves. */
  List<PaperFigure> chosen() {
    return figures.stream().map(PaperFigures::named).toList();
  }

  /**
   * So many samples of a corpus, or of the digits in its place.
   *
   * @param testSamples further ones, for tests; of the digits as many of these as there are
   */
  Data data(Corpus corpus, int samples, int testSamples) {
    return dataDir == null
        ? new Data(
            "digits",
            samples,
            Math.min(testSamples, DIGITS - samples),
            seed,
            Normalisation.SPHERE,
            Targets.Coding.ONEHOT)
        : new Data(
            corpus.source(Path.of(dataDir)),
            samples,
            testSamples,
            seed,
            corpus.normalisation(),
            corpus.targets());
  }

  /** What a corpus is called, or the digits in its place. */
  String nameOf(Corpus corpus) {
    return dataDir == null ? "the digits" : corpus.label();
  }

  /** Of networks; those that follow from another seed are others, however many there are. */
  long firstSeed() {
    return (seed << Integer.SIZE) + 1;
  }

  /** Seeds of that many networks. */
  List<Long> seeds(int count) {
    return seeds(count, 0);
  }

  /**
   * Seeds of that many networks, for each group others: the parameters of one seed at two widths
   * begin with the same numbers, and a fit takes its points as independent.
   *
   * @param group from 0
   */
  List<Long> seeds(int count, int group) {
    long first = firstSeed(count, group);
    return LongStream.range(0, count).mapToObj(i -> first + i).toList();
  }

  /** The first of {@link #seeds(int, int)}; the others follow it. */
  long firstSeed(int count, int group) {
    return firstSeed() + (long) group * count;
  }
}
