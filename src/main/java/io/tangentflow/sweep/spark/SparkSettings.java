package io.tangentflow.sweep.spark;

import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.util.Utils;

/**
 * The settings of the application. Those of the user stand: Java properties {@code spark.*}, which
 * {@code spark-submit} sets and {@code TANGENTFLOW_OPTS=-Dspark...} does, and {@code
 * spark-defaults.conf}. The others make one executor one process with one task at a time.
 */
final class SparkSettings {

  static final String GPU = "gpu";
  static final String EXECUTOR_GPUS = "spark.executor.resource.gpu.amount";

  /** How long an executor may take to come, in Spark's words for times. */
  static final String PATIENCE = "spark.tangentflow.executorTimeout";

  private static final String TASK_GPUS = "spark.task.resource.gpu.amount";
  private static final String DISCOVERY = "spark.executor.resource.gpu.discoveryScript";
  private static final String EXECUTOR_OPTIONS = "spark.executor.extraJavaOptions";
  private static final String EXECUTOR_CLASSES = "spark.executor.extraClassPath";

  private static final Pattern STANDALONE = Pattern.compile("spark://(.*)");
  private static final Pattern LOOPBACK = Pattern.compile("127\\.[0-9.]+|localhost|\\[::1]");
  private static final int CONNECT_MILLIS = 10_000;

  private SparkSettings() {}

  /** Those of the user alone. */
  static SparkConf ofUser() {
    SparkConf conf = new SparkConf(true);
    Utils.loadDefaultSparkProperties(conf, null);
    return conf;
  }

  /**
   * Those of an application.
   *
   * @param master of the cluster
   * @param backend that the work asks for
   * @param threads for one unit of work
   * @throws ClusterFailure if nobody answers where the master should be
   */
  static SparkConf of(String master, String backend, int threads) {
    SparkConf conf = ofUser();
    conf.setMaster(master);
    conf.setIfMissing("spark.app.name", "TangentFlow");
    conf.setIfMissing("spark.ui.enabled", "false");
    conf.setIfMissing("spark.ui.showConsoleProgress", "false");
    conf.setIfMissing("spark.task.cpus", Integer.toString(threads));
    conf.setIfMissing("spark.executor.cores", conf.get("spark.task.cpus"));
    conf.setIfMissing(PATIENCE, "120s");
    conf.set(
        EXECUTOR_OPTIONS,
        (conf.get(EXECUTOR_OPTIONS, "") + " --enable-native-access=ALL-UNNAMED").strip());
    if (!master.startsWith("local[") && !master.equals("local")) {
      ship(conf);
      if (backend.equals("cuda")) {
        askForGpus(conf, master);
      }
    }
    List<InetSocketAddress> masters = standalone(master);
    if (!masters.isEmpty()) {
      if (masters.stream().allMatch(m -> LOOPBACK.matcher(m.getHostString()).matches())) {
        conf.setIfMissing("spark.driver.host", "127.0.0.1");
        conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
      }
      requireReachable(master, masters);
    }
    return conf;
  }

  /** Each process has one GPU to itself, and each task takes it whole. */
  private static void askForGpus(SparkConf conf, String master) {
    conf.setIfMissing(EXECUTOR_GPUS, "1");
    conf.setIfMissing(TASK_GPUS, conf.get(EXECUTOR_GPUS));
    boolean kubernetes = master.startsWith("k8s:");
    if (kubernetes) {
      conf.setIfMissing("spark.executor.resource.gpu.vendor", "nvidia.com");
    }
    if ((kubernetes || master.equals("yarn")) && !conf.contains(DISCOVERY)) {
      throw new InvalidConfiguration(
          DISCOVERY,
          "executors on "
              + (kubernetes ? "Kubernetes" : "YARN")
              + " find their GPUs by a script, and none is set; put spark/discover-gpus on the"
              + " machines and set TANGENTFLOW_OPTS=-D"
              + DISCOVERY
              + "=its path");
    }
  }

  /**
   * Sends this program to the executors: jars as such; classes that lie in a directory, as while it
   * is being developed, by the path that executors of this machine find them under.
   */
  private static void ship(SparkConf conf) {
    Path own = location(SparkSettings.class).orElseThrow();
    String named = conf.get("spark.jars", "");
    if (Files.isRegularFile(own) && named.contains(own.getFileName().toString())) {
      return; // spark-submit has named the jars.
    }
    List<String> classPath =
        Pattern.compile(File.pathSeparator, Pattern.LITERAL)
            .splitAsStream(System.getProperty("java.class.path"))
            .filter(entry -> !entry.isEmpty())
            .toList();
    if (Files.isDirectory(own)) {
      List<String> all = new ArrayList<>();
      Stream.of(conf.get(EXECUTOR_CLASSES, "")).filter(text -> !text.isEmpty()).forEach(all::add);
      all.addAll(classPath);
      conf.set(EXECUTOR_CLASSES, String.join(File.pathSeparator, all));
      return;
    }
    Path sparks = location(SparkContext.class).orElseThrow().getParent();
    conf.set(
        "spark.jars",
        Stream.concat(
                Stream.of(named).filter(jars -> !jars.isEmpty()),
                classPath.stream()
                    .map(entry -> Path.of(entry).toAbsolutePath())
                    .filter(jar -> jar.toString().endsWith(".jar"))
                    .filter(jar -> !Files.exists(sparks.resolve(jar.getFileName())))
                    .map(Path::toString))
            .collect(Collectors.joining(",")));
  }

  private static Optional<Path> location(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    try {
      return source == null ? Optional.empty() : Optional.of(Path.of(source.getLocation().toURI()));
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The masters of a standalone cluster; none of another. */
  private static List<InetSocketAddress> standalone(String master) {
    var hosts = STANDALONE.matcher(master);
    if (!hosts.matches()) {
      return List.of();
    }
    return Pattern.compile(",").splitAsStream(hosts.group(1)).map(m -> address(master, m)).toList();
  }

  private static InetSocketAddress address(String master, String hostAndPort) {
    try {
      URI uri = new URI("spark://" + hostAndPort);
      if (uri.getHost() != null && uri.getPort() > 0) {
        return InetSocketAddress.createUnresolved(uri.getHost(), uri.getPort());
      }
    } catch (URISyntaxException e) {
      // Answered below.
    }
    throw new InvalidConfiguration("--on", master + " is not of the form spark://host:port");
  }

  private static void requireReachable(String master, List<InetSocketAddress> masters) {
    IOException last = null;
    for (InetSocketAddress one : masters) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(one.getHostString(), one.getPort()), CONNECT_MILLIS);
        return;
      } catch (IOException e) {
        last = e;
      }
    }
    throw new ClusterFailure(
        "no master answers at "
            + master
            + " ("
            + last.getMessage()
            + "); start one, by spark/cluster start on this machine, or correct --on",
        last);
  }
}
