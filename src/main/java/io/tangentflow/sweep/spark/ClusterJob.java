package io.tangentflow.sweep.spark;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.TangentFlowException.ElsewhereFailure;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.TaskKilled;
import org.apache.spark.api.java.JavaSparkContext;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.BoxedUnit;

/** One task for each of some payloads, begun in their order, and what became of them. */
final class ClusterJob {

  /** Hears of tasks in the thread that runs the job. */
  interface Listener {
    /** A task has a result. */
    void answered(int index, Outcome outcome);

    /** A task failed, and with it the job; the exception follows. */
    void failed(int index);

    /** An attempt failed and is followed by another. */
    void warning(String line);
  }

  private static final Pattern BROKEN =
      Pattern.compile("exited with code " + ExecutorTask.BROKEN_DEVICE + "\\b");
  private static final long POLL_MILLIS = 200;

  private final SparkContext context;
  private final Executors executors;
  private final List<String> names;
  private final Listener listener;
  private final TaskEvents events = new TaskEvents();
  private TaskEvents.Failed lastFailure;

  /**
   * @param executors that come and go
   * @param names of the tasks, in words, in the order of the payloads
   */
  ClusterJob(SparkContext context, Executors executors, List<String> names, Listener listener) {
    this.context = context;
    this.executors = executors;
    this.names = names;
    this.listener = listener;
  }

  /**
   * Returns when all tasks have a result.
   *
   * @throws TangentFlowException of the first task that has none
   */
  void run(ExecutorTask task, List<String> payloads) {
    context.addSparkListener(events);
    SimpleFutureAction<BoxedUnit> job =
        context.submitJob(
            new JavaSparkContext(context).parallelize(payloads, payloads.size()).rdd(),
            task,
            indices(payloads.size()),
            events.answers(),
            () -> BoxedUnit.UNIT);
    boolean done = false;
    try {
      await(payloads.size(), job);
      done = true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterFailure("the wait for the cluster was interrupted", e);
    } finally {
      if (!done) {
        job.cancel();
      }
      context.removeSparkListener(events);
    }
  }

  private static Seq<Object> indices(int count) {
    List<Object> all = IntStream.range(0, count).<Object>mapToObj(i -> i).toList();
    return CollectionConverters.asScala(all).toSeq();
  }

  private void await(int tasks, SimpleFutureAction<?> job) throws InterruptedException {
    int answers = 0;
    while (answers < tasks) {
      TaskEvents.Event event = events.poll(POLL_MILLIS);
      if (event instanceof TaskEvents.Answered answered) {
        executors.answered();
        Outcome outcome = Wire.value(answered.answer(), Outcome.class);
        if (outcome.failure().isPresent()) {
          listener.failed(answered.index());
          throw new ElsewhereFailure(
              outcome.exitCode(), outcome.where(), outcome.failure().orElseThrow());
        }
        listener.answered(answered.index(), outcome);
        answers++;
      } else if (event instanceof TaskEvents.Failed failed) {
        failedAttempt(failed);
      } else if (event instanceof TaskEvents.GivenUp) {
        executors.requireApplication();
        throw givenUp();
      } else if (job.isCompleted() && events.isEmpty()) {
        // Spark's bus may lose what it has to tell of the end.
        executors.requireApplication();
        throw givenUp();
      } else {
        executors.requireAny();
      }
    }
  }

  private void failedAttempt(TaskEvents.Failed failed) {
    if (failed.reason() instanceof TaskKilled) {
      return; // A duplicate of one that has answered, or a task of a job that is over.
    }
    listener.warning(
        String.format(
            "%s: attempt %d failed %s: %s",
            names.get(failed.index()),
            failed.attempt() + 1,
            Outcome.words(failed.executor(), failed.host()),
            sentence(failed.reason())));
    if (lastFailure == null || failed.attempt() >= lastFailure.attempt()) {
      lastFailure = failed;
    }
  }

  private TangentFlowException givenUp() {
    if (lastFailure == null) {
      return new ClusterFailure("the cluster gave this work up; its master's log says why");
    }
    listener.failed(lastFailure.index());
    String where =
        names.get(lastFailure.index())
            + " failed "
            + (lastFailure.attempt() + 1)
            + " times, the last time "
            + Outcome.words(lastFailure.executor(), lastFailure.host());
    String sentence = sentence(lastFailure.reason());
    Optional<TangentFlowException> foreseen = foreseen(lastFailure.reason());
    if (foreseen.isPresent()) {
      return new ElsewhereFailure(foreseen.orElseThrow().exitCode(), where, sentence);
    }
    if (isBrokenDevice(lastFailure.reason())) {
      return new ElsewhereFailure(ExecutorTask.BROKEN_DEVICE, where, sentence);
    }
    return new ClusterFailure(where + ": " + sentence + "; its executor's log has more");
  }

  private static String sentence(TaskFailedReason reason) {
    if (isBrokenDevice(reason)) {
      return "its CUDA context was broken, so it ended itself; its log has the call that failed";
    }
    if (reason instanceof ExceptionFailure failure) {
      return foreseen(reason)
          .map(Throwable::getMessage)
          .orElseGet(() -> failure.className() + ": " + failure.description());
    }
    if (reason instanceof ExecutorLostFailure lost) {
      return "the executor was lost" + (lost.reason().isEmpty() ? "" : ": " + lost.reason().get());
    }
    return reason.toErrorString();
  }

  private static Optional<TangentFlowException> foreseen(TaskFailedReason reason) {
    return reason instanceof ExceptionFailure failure
            && failure.exception().isDefined()
            && failure.exception().get() instanceof TangentFlowException foreseen
        ? Optional.of(foreseen)
        : Optional.empty();
  }

  private static boolean isBrokenDevice(TaskFailedReason reason) {
    return reason instanceof ExecutorLostFailure lost
        && lost.reason().isDefined()
        && BROKEN.matcher(lost.reason().get()).find();
  }
}
