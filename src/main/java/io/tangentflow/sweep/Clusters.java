package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.regex.Pattern;

/**
 * The way to a cluster's processes. Spark is no part of this program: whoever computes in this
 * process needs none of its classes, and none is loaded until a cluster is asked for.
 */
public final class Clusters {

  private static final Pattern SCHEME = Pattern.compile("[a-zA-Z][a-zA-Z0-9+.-]+:.*");

  private static final Pattern MASTER =
      Pattern.compile("spark://.+|yarn|k8s://.+|local(\\[.+])?|local-cluster\\[.+]");

  private Clusters() {}

  /**
   * Somewhere on a cluster that units are computed; the caller's.
   *
   * @param master of the cluster, in Spark's words: {@code spark://host:7077}, {@code yarn}, {@code
   *     k8s://…}, or {@code local[2]}
   * @param exchange where its processes and this one share files: the absolute path of a directory
   *     that all of them see, or as {@link #exchange}
   * @param backend that the work asks for; for {@code cuda} each process is given a GPU
   * @param threads for one unit of work, and so cores for one process
   * @throws InvalidConfiguration if that is the name of no master
   * @throws ClusterFailure if Spark is not on the class path, or its master cannot be reached
   */
  public static UnitExecutor open(String master, String exchange, String backend, int threads) {
    if (!MASTER.matcher(master).matches()) {
      throw new InvalidConfiguration(
          "--on",
          "'"
              + master
              + "' is no master of Spark, as spark://host:7077, yarn, k8s://… or local[2]");
    }
    return provider().open(master, exchange, backend, threads);
  }

  /**
   * Files in a directory that Hadoop's {@code FileSystem} knows.
   *
   * @param uri with a scheme, as {@code hdfs://host/path} or {@code s3a://bucket/path}; or the
   *     absolute path of a directory
   * @throws ClusterFailure if Hadoop is not on the class path, or knows no such scheme
   */
  public static Exchange exchange(String uri) {
    return isUri(uri) ? provider().exchange(uri) : new DirectoryExchange(Path.of(uri));
  }

  /** Whether a text is a URI with a scheme, and not a path. */
  public static boolean isUri(String text) {
    return SCHEME.matcher(text).matches();
  }

  private static ClusterProvider provider() {
    ClassLoader loader = Clusters.class.getClassLoader();
    try {
      Class.forName("org.apache.spark.SparkContext", false, loader);
    } catch (ClassNotFoundException e) {
      throw new ClusterFailure(
          "Spark is not on the class path; let SPARK_HOME name a directory with Spark 4.2's jars/"
              + " and start bin/tangentflow, or use spark-submit (docs/scale.md)",
          e);
    }
    return ServiceLoader.load(ClusterProvider.class, loader).findFirst().orElseThrow();
  }
}
