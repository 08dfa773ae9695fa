package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.sweep.Clusters;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The same of runs all of whose files can go by another way than the run directory. */
@Heading("Cluster")
final class ExchangingClusterOptions extends ClusterOptions {

  @Option(
      names = "--exchange",
      paramLabel = "URI",
      description =
          "Where the processes of a cluster exchange files, as hdfs://host/path or s3a://bucket/path"
              + " (default: the directory of the results, which they then all have to see).")
  private String exchange;

  @Override
  boolean given() {
    if (exchange != null && !super.given()) {
      throw new InvalidConfiguration(
          "--exchange", "is between processes of a cluster, and --on names none");
    }
    return super.given();
  }

  /** Refuses {@code --exchange} where not all files go through it. */
  void refuseExchange(String why) {
    if (exchange != null) {
      throw new InvalidConfiguration("--exchange", "cannot be given here: " + why);
    }
  }

  @Override
  String shared(Path run, String identity) {
    if (exchange == null) {
      return super.shared(run, identity);
    }
    return (Clusters.isUri(exchange) ? exchange : Path.of(exchange).toAbsolutePath())
        + "/"
        + identity;
  }

  @Override
  String again() {
    return super.again() + (exchange == null ? "" : " --exchange " + exchange);
  }
}
