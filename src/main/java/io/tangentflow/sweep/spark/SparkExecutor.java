package io.tangentflow.sweep.spark;

import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.sweep.Exchange;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.Workload;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;

/**
 * Computes units of work in the executors of a Spark application, one task for each, the longest
 * first. An executor that is lost costs the unit that it was computing; a unit whose result is in
 * the exchange is not computed again.
 */
final class SparkExecutor implements UnitExecutor {

  private static final System.Logger LOG = System.getLogger(SparkExecutor.class.getName());

  private final SparkContext context;
  private final Executors executors;
  private final String exchange;

  private SparkExecutor(SparkContext context, String exchange) {
    this.context = context;
    this.executors = new Executors(context);
    this.exchange = exchange;
  }

  /**
   * Begins an application.
   *
   * @param exchange as {@link Exchanges#open} takes it
   * @throws ClusterFailure if it cannot be begun
   */
  static SparkExecutor open(SparkConf settings, String exchange) {
    SparkContext context = null;
    try {
      context = new SparkContext(settings);
      if (!context.version().startsWith("4.")) {
        throw new ClusterFailure(
            "the Spark on the class path is " + context.version() + "; Spark 4.2 is needed");
      }
      return new SparkExecutor(context, exchange);
    } catch (ClusterFailure e) {
      context.stop();
      throw e;
    } catch (LinkageError e) {
      throw new ClusterFailure(
          "Spark cannot be started in this JVM ("
              + e
              + "); start it by bin/tangentflow with Spark 4.2's jars/ in SPARK_HOME, or by"
              + " spark-submit",
          e);
    } catch (Exception e) {
      // Spark's own exceptions are checked, and undeclared by Scala.
      throw new ClusterFailure(
          "the cluster " + settings.get("spark.master") + " cannot be used: " + e.getMessage(), e);
    }
  }

  @Override
  public int slots() {
    return executors.await();
  }

  @Override
  public Worker.Preparation prepare(Workload workload) {
    executors.await();
    List<Worker.Preparation> found = new ArrayList<>();
    List<Outcome> answers = new ArrayList<>();
    ClusterJob.Listener listener =
        new ClusterJob.Listener() {
          @Override
          public void answered(int index, Outcome outcome) {
            answers.add(outcome);
            outcome.warnings().forEach(this::warning);
            found.add(Wire.value(outcome.result().toString(), Worker.Preparation.class));
          }

          @Override
          public void failed(int index) {
            // The exception tells all that there is.
          }

          @Override
          public void warning(String line) {
            LOG.log(System.Logger.Level.WARNING, line);
          }
        };
    new ClusterJob(context, executors, List.of("preparation"), listener)
        .run(new PreparationTask(Wire.text(workload), exchange), List.of(""));
    Worker.Preparation preparation = found.get(0);
    if (!preparation.version().equals(Manifest.programVersion())) {
      throw new ClusterFailure(
          answers.get(0).where()
              + ": TangentFlow there is "
              + preparation.version()
              + ", and "
              + Manifest.programVersion()
              + " here; let both be of one version: remove its jars from the cluster's class path");
    }
    return preparation;
  }

  @Override
  public void run(Workload workload, List<WorkUnit> units, Sink sink, Listener listener) {
    if (units.isEmpty()) {
      return;
    }
    List<WorkUnit> longestFirst =
        units.stream().sorted(Comparator.comparingDouble(WorkUnit::operations).reversed()).toList();
    ClusterJob.Listener relay =
        new ClusterJob.Listener() {
          @Override
          public void answered(int index, Outcome outcome) {
            outcome.warnings().forEach(line -> warning(outcome.where() + ": " + line));
            sink.accept(outcome.result());
          }

          @Override
          public void failed(int index) {
            listener.failed(longestFirst.get(index));
          }

          @Override
          public void warning(String line) {
            listener.warning(line);
          }
        };
    Exchange files = Exchanges.open(exchange, context.getConf());
    // Of the form of what a killed process leaves, so that it is removed with that.
    String sharedFile = ".driver." + UUID.randomUUID() + ".tmp";
    files.write(sharedFile, out -> out.write('\n'));
    try {
      new ClusterJob(context, executors, longestFirst.stream().map(WorkUnit::words).toList(), relay)
          .run(
              new UnitTask(Wire.text(workload), exchange, sharedFile),
              longestFirst.stream().map(Wire::text).toList());
    } finally {
      files.delete(sharedFile);
    }
  }

  @Override
  public void close() {
    boolean local = context.isLocal();
    context.stop();
    if (local) {
      ProcessWorker.closeWhenIdle();
    }
  }
}
