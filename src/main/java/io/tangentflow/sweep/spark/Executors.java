package io.tangentflow.sweep.spark;

import io.tangentflow.TangentFlowException.ClusterFailure;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.util.ShutdownHookManager;

/** The executors that there are. Used by one thread. */
final class Executors {

  private static final long POLL_MILLIS = 100;

  /** Executors of a cluster that is idle come together. */
  private static final long TOGETHER_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final SparkContext context;
  private final long patienceNanos;
  private long lastSeen = System.nanoTime();

  Executors(SparkContext context) {
    this.context = context;
    this.patienceNanos =
        TimeUnit.SECONDS.toNanos(context.getConf().getTimeAsSeconds(SparkSettings.PATIENCE));
  }

  /** How many there are now. */
  int count() {
    if (context.isLocal()) {
      return 1;
    }
    try {
      // The driver is among those whose memory is known.
      return context.getExecutorMemoryStatus().size() - 1;
    } catch (IllegalStateException e) {
      return 0; // It was stopped at this moment.
    }
  }

  /**
   * Waits for the first, and for those that come with it.
   *
   * @return how many there are
   * @throws ClusterFailure if none comes in time
   */
  int await() {
    lastSeen = System.nanoTime();
    int count = count();
    long changed = System.nanoTime();
    while (count == 0 || (!context.isLocal() && System.nanoTime() - changed < TOGETHER_NANOS)) {
      requireAny();
      pause();
      if (count() != count) {
        count = count();
        changed = System.nanoTime();
      }
    }
    return count;
  }

  /** One has answered. */
  void answered() {
    lastSeen = System.nanoTime();
  }

  /**
   * Called again and again while there is work.
   *
   * @throws ClusterFailure if there has been none for too long
   */
  void requireAny() {
    requireApplication();
    if (count() > 0) {
      lastSeen = System.nanoTime();
    } else if (System.nanoTime() - lastSeen > patienceNanos) {
      throw new ClusterFailure(
          "no executor has come for "
              + TimeUnit.NANOSECONDS.toSeconds(patienceNanos)
              + " s; one machine has to offer "
              + needs(context.getConf())
              + " that no other application holds; lower what is asked for, or raise "
              + SparkSettings.PATIENCE);
    }
  }

  /**
   * Does not return while this JVM ends: a signal stops Spark first, which is nothing to report.
   *
   * @throws ClusterFailure if the cluster has ended the application
   */
  void requireApplication() {
    if (!context.stopped().get()) {
      return;
    }
    while (ShutdownHookManager.inShutdown()) {
      pause();
    }
    throw new ClusterFailure(
        "the cluster has ended this application; its master's log says why, as where a worker"
            + " cannot start executors; what is finished is kept, and 'tangentflow resume' goes on"
            + " with it");
  }

  private static String needs(SparkConf conf) {
    String gpus = conf.get(SparkSettings.EXECUTOR_GPUS, "");
    return conf.get("spark.executor.cores")
        + " core(s) (spark.executor.cores), "
        + conf.get("spark.executor.memory", "1g")
        + " of memory (spark.executor.memory)"
        + (gpus.isEmpty()
            ? ""
            : " and "
                + gpus
                + " GPU(s) (its worker's spark.worker.resource.gpu.amount and discoveryScript)");
  }

  private static void pause() {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterFailure("the wait for an executor was interrupted", e);
    }
  }
}
