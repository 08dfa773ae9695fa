package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.Normalisation;
import java.util.Locale;
import picocli.CommandLine.Option;

/** Which samples a command works on. */
@Heading("Data")
final class DataOptions {

  @Option(
      names = "--data",
      paramLabel = "SOURCE",
      defaultValue = "digits",
      description =
          "digits (built in), synthetic:d=32, mnist:DIR, fashion-mnist:DIR, cifar10:DIR, agnews:DIR,"
              + " climate:DIR, csv:FILE or npy:FILE (default: ${DEFAULT-VALUE}).")
  String data;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "100",
      description =
          "Number of samples, drawn without replacement; the first of climate (default: ${DEFAULT-VALUE}).")
  int samples;

  @Option(
      names = "--data-seed",
      paramLabel = "SEED",
      defaultValue = "0",
      description = "Seed of the choice of samples (default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(
      names = "--normalise",
      paramLabel = "HOW",
      defaultValue = "sphere",
      description =
          "sphere (each sample to ‖x‖² = d), standard (each feature to mean 0, variance 1), unit (all by"
              + " one number, to |x| ≤ 1) or none; of these, mean and scales are those of the"
              + " training samples (default: ${DEFAULT-VALUE}).")
  Normalisation normalise;

  /** The samples asked for and so many more, not trained on, of the same draw. */
  Dataset load(int testSamples) {
    return DataSource.parse(data).load(samples + testSamples, seed).normalised(normalise, samples);
  }

  Dataset load() {
    return load(0);
  }

  /** Says in a report's provenance which samples were read. */
  void describe(Dataset dataset, ObjectNode provenance) {
    provenance
        .put("data", data)
        .put("samples", dataset.samples())
        .put("dataSeed", seed)
        .put("normalise", normalise.name().toLowerCase(Locale.ROOT));
    ObjectNode files = provenance.putObject("files");
    dataset.provenance().forEach(read -> files.put(read.file().toString(), read.sha256()));
  }
}
