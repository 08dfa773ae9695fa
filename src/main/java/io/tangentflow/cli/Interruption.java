package io.tangentflow.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What happens to a run on Ctrl-C, or when its process is asked to end in another way: its loop
 * hears of it, has some time to finish its step and to save, and the user is told how to go on. The
 * JVM then ends with the code of the signal: 130 on Ctrl-C. While it waits, further signals change
 * nothing, as the JVM is ending already; it ends by itself when the time is over.
 *
 * <p>The loop's thread opens this, says when it has {@link #saved}, and closes it. Until then the
 * JVM does not end; after it, it may at any moment if {@link #stopRequested}, so the thread writes
 * no report then.
 */
final class Interruption implements AutoCloseable {

  private final Console console;
  private final String next;
  private final Duration patience;
  private final CountDownLatch over = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "interruption");
  private volatile boolean stopRequested;
  private volatile boolean saved;

  private Interruption(Console console, String next, Duration patience) {
    this.console = console;
    this.next = next;
    this.patience = patience;
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      stopRequested = true; // The signal came before the loop began.
    }
  }

  /**
   * Of a run that has on the disk what it will keep, and can be left at any moment.
   *
   * @param options of 'resume' that go on in the same place
   */
  static Interruption atOnce(Console console, Path run, String options) {
    return new Interruption(console, resume(run) + options, Duration.ZERO);
  }

  /** Of tiles that are on the disk as soon as they are computed. */
  static Interruption ofTiles(Console console) {
    return new Interruption(console, "the same command goes on", Duration.ZERO);
  }

  /**
   * Of a run that polls {@link #stopRequested} after each step and saves when it hears of it.
   *
   * @param patience how long it has for that
   */
  static Interruption afterStep(Console console, Path run, Duration patience) {
    return new Interruption(console, resume(run), patience);
  }

  /** Whether the loop has to end after this step. */
  boolean stopRequested() {
    return stopRequested;
  }

  private void stop() {
    stopRequested = true;
    if (patience.isZero()) {
      console.status("stopped; " + advice("what is finished is kept"));
      return;
    }
    console.status("stopping after this step, in " + patience.toSeconds() + " s at the latest");
    if (!isOver()) {
      console.warning("the step took too long and is lost; " + advice("what was saved is kept"));
    } else {
      console.status("stopped; " + advice(saved ? "all is saved" : "what was saved is kept"));
    }
  }

  private boolean isOver() {
    try {
      return over.await(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      return false; // Nothing here interrupts the hook; whoever does wants the JVM's end.
    }
  }

  private String advice(String kept) {
    return kept + "; " + next;
  }

  private static String resume(Path run) {
    return "go on with: tangentflow resume " + shellWord(run);
  }

  /** A path as one word of a shell's command line. */
  private static String shellWord(Path path) {
    String text = path.toString();
    return text.matches("[\\p{L}\\p{N}_./=+:@%,-]+")
        ? text
        : "'" + text.replace("'", "'\\''") + "'";
  }

  /** The loop has saved its last step. */
  void saved() {
    saved = true;
  }

  /** The loop is over, whether it has saved or failed. */
  @Override
  public void close() {
    over.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is shutting down: the hook is running.
    }
  }
}
