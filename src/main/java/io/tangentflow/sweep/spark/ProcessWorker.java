package io.tangentflow.sweep.spark;

import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.sweep.Exchange;
import io.tangentflow.sweep.Place;
import io.tangentflow.sweep.Seat;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.Workload;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * The one worker of this process: it outlives the tasks that use it, and computes for one of them
 * at a time. It is closed when the JVM ends, when another workload comes, and after a failure.
 */
final class ProcessWorker {

  /** The executor of the driver's own process, in local mode. */
  private static final String DRIVER = "driver";

  private static final ReentrantLock LOCK = new ReentrantLock();

  private static String opened;
  private static String seen = "";
  private static Worker worker;
  private static OptionalInt deviceOfProcess;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ProcessWorker::closeIfIdle, "worker's end"));
  }

  private ProcessWorker() {}

  /**
   * Uses the worker of a workload, after any other task of this process has.
   *
   * @param exchange as {@link Exchanges#open} takes it
   * @param sharedFile that the driver has put into the exchange; empty of none
   */
  static <T> T use(
      String workload, String exchange, String sharedFile, Function<Access, T> computation) {
    LOCK.lock();
    try {
      OptionalInt device = sameDevice(deviceOfTask());
      Exchange files = Exchanges.open(exchange, SparkEnv.get().conf());
      requireShared(files, exchange, sharedFile);
      String wanted = workload + exchange;
      if (!wanted.equals(opened)) {
        close();
        worker =
            Wire.value(workload, Workload.class).open(new Seat(executor(), host(), device, files));
        opened = wanted;
      }
      return computation.apply(new Access(worker, files));
    } catch (RuntimeException | Error e) {
      // Whatever state it is in, the next attempt begins with a fresh one.
      try {
        close();
      } catch (RuntimeException second) {
        e.addSuppressed(second);
      }
      throw e;
    } finally {
      LOCK.unlock();
    }
  }

  /**
   * What a task may use while it has the process to itself.
   *
   * @param worker of the workload
   * @param exchange of the run
   */
  record Access(Worker worker, Exchange exchange) {}

  /** Whether this process belongs to the cluster alone. */
  static boolean isOfTheCluster() {
    return !executor().equals(DRIVER);
  }

  /** The number of this executor. */
  static String executor() {
    return SparkEnv.get().executorId();
  }

  /** The name of this machine, as the cluster has it. */
  static String host() {
    return isOfTheCluster() ? SparkEnv.get().blockManager().blockManagerId().host() : Place.HERE;
  }

  /** Closes the worker, if there is one; for local mode, whose process goes on. */
  static void closeWhenIdle() {
    LOCK.lock();
    try {
      close();
    } finally {
      LOCK.unlock();
    }
  }

  private static void closeIfIdle() {
    // A task that is computing ends with the process; its worker cannot be closed under it.
    if (LOCK.tryLock()) {
      try {
        close();
      } finally {
        LOCK.unlock();
      }
    }
  }

  private static void close() {
    Worker last = worker;
    worker = null;
    opened = null;
    if (last != null) {
      last.close();
    }
  }

  private static void requireShared(Exchange files, String exchange, String sharedFile) {
    if (sharedFile.isEmpty() || sharedFile.equals(seen)) {
      return;
    }
    if (files.read(sharedFile).isEmpty()) {
      throw new Unshared(
          new ClusterFailure(
              exchange
                  + " is not the directory that the driver sees under this path; put the run where"
                  + " all machines see it; or name an --exchange as hdfs://host/path"));
    }
    seen = sharedFile;
  }

  /** A directory of one machine, taken for a shared one: no other attempt would see it either. */
  static final class Unshared extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ClusterFailure failure;

    Unshared(ClusterFailure failure) {
      super(failure);
      this.failure = failure;
    }

    ClusterFailure failure() {
      return failure;
    }
  }

  private static OptionalInt deviceOfTask() {
    ResourceInformation gpus = TaskContext.get().resourcesJMap().get(SparkSettings.GPU);
    if (gpus == null || gpus.addresses().length == 0) {
      return OptionalInt.empty();
    }
    String address = gpus.addresses()[0];
    try {
      return OptionalInt.of(Integer.parseInt(address));
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          "the discovery script of GPUs",
          "it names '" + address + "', which is no ordinal of a device; use spark/discover-gpus");
    }
  }

  private static OptionalInt sameDevice(OptionalInt device) {
    if (deviceOfProcess != null && !deviceOfProcess.equals(device)) {
      throw new InvalidConfiguration(
          SparkSettings.EXECUTOR_GPUS,
          "a process computes on one device, and was given device "
              + device.orElse(-1)
              + " after device "
              + deviceOfProcess.orElse(-1)
              + "; set it to 1, so that each device has a process of its own");
    }
    deviceOfProcess = device;
    return device;
  }
}
