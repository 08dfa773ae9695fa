package io.tangentflow.sweep.spark;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.JobFailed;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskInfo;
import scala.Function2;
import scala.runtime.BoxedUnit;

/**
 * What Spark's own threads tell of one job, in a queue for the thread that waits for it. Registered
 * before the job is submitted, it takes the first job that starts for its own.
 */
final class TaskEvents extends SparkListener {

  sealed interface Event {}

  /**
   * A task has answered.
   *
   * @param index of its payload
   * @param answer as it was sent
   */
  record Answered(int index, String answer) implements Event {}

  /**
   * An attempt at a task has failed.
   *
   * @param index of its payload
   * @param attempt from 0
   */
  record Failed(int index, int attempt, String executor, String host, TaskFailedReason reason)
      implements Event {}

  /** The job is given up. */
  record GivenUp() implements Event {}

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final Set<Integer> stages = new HashSet<>();
  private int job = -1;

  /** Takes a task's answer, each once, whatever attempt made it. */
  Function2<Object, String, BoxedUnit> answers() {
    return (index, answer) -> {
      events.add(new Answered((Integer) index, answer));
      return BoxedUnit.UNIT;
    };
  }

  /** Whether none has come that was not polled. */
  boolean isEmpty() {
    return events.isEmpty();
  }

  /** The next event; null if none comes in that time. */
  Event poll(long millis) throws InterruptedException {
    return events.poll(millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public void onJobStart(SparkListenerJobStart start) {
    if (job < 0) {
      job = start.jobId();
      start.stageIds().foreach(id -> stages.add((Integer) id));
    }
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    if (stages.contains(end.stageId()) && end.reason() instanceof TaskFailedReason reason) {
      TaskInfo task = end.taskInfo();
      events.add(
          new Failed(
              task.partitionId(), task.attemptNumber(), task.executorId(), task.host(), reason));
    }
  }

  @Override
  public void onJobEnd(SparkListenerJobEnd end) {
    // A job that succeeds ends before its last answer is here.
    if (end.jobId() == job && end.jobResult() instanceof JobFailed) {
      events.add(new GivenUp());
    }
  }
}
