package io.tangentflow.sweep.spark;

import io.tangentflow.sweep.Clusters;
import io.tangentflow.sweep.DirectoryExchange;
import io.tangentflow.sweep.Exchange;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/** The same exchange in every process of a run, from the text that names it. */
final class Exchanges {

  private Exchanges() {}

  /**
   * @param text the absolute path of a directory, or a URI with a scheme
   * @param settings of the application, whose {@code spark.hadoop.*} are Hadoop's
   */
  static Exchange open(String text, SparkConf settings) {
    if (!Clusters.isUri(text)) {
      return new DirectoryExchange(Path.of(text));
    }
    Configuration configuration = SparkHadoopUtil.get().newConfiguration(settings);
    return HadoopExchange.open(text, configuration);
  }
}
