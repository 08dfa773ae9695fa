package io.tangentflow.sweep.spark;

import io.tangentflow.sweep.ClusterProvider;
import io.tangentflow.sweep.Exchange;
import io.tangentflow.sweep.UnitExecutor;
import org.apache.spark.SparkConf;

/** Clusters by Apache Spark, files by Apache Hadoop. */
public final class SparkClusters implements ClusterProvider {

  private static final String LOG_SETTINGS = "log4j2.configurationFile";

  /**
   * Spark and Hadoop log by these settings from their first class on, unless the user has others.
   */
  private static void quietLog() {
    boolean submitted = System.getProperty("spark.submit.deployMode") != null;
    if (!submitted && System.getProperty(LOG_SETTINGS) == null) {
      System.setProperty(
          LOG_SETTINGS, SparkClusters.class.getResource("driver-log4j2.properties").toString());
    }
  }

  @Override
  public UnitExecutor open(String master, String exchange, String backend, int threads) {
    quietLog();
    return SparkExecutor.open(SparkSettings.of(master, backend, threads), exchange);
  }

  @Override
  public Exchange exchange(String uri) {
    quietLog();
    SparkConf settings = SparkSettings.ofUser();
    return Exchanges.open(uri, settings);
  }
}
