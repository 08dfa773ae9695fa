package io.tangentflow.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.experiment.TrainingLine;
import io.tangentflow.report.Json;
import io.tangentflow.report.Numbers;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Where a command writes: results to standard output, status to standard error. */
@Heading("Output and help")
final class Console {

  /** Set by the launcher where standard error is a terminal. */
  private static final boolean TERMINAL = Boolean.getBoolean("tangentflow.terminal");

  /** Of all rooms; held here, because the logging system forgets loggers that nobody holds. */
  private static final Logger LOGGER = Logger.getLogger("io.tangentflow");

  private static final Duration BETWEEN_LINES = Duration.ofSeconds(5);

  private static final Duration BETWEEN_VIEWS = Duration.ofMillis(200);

  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--json", description = "Print one JSON object instead of text.")
  private boolean json;

  private boolean quiet;

  /** The view that is on the terminal. */
  private volatile Progress viewed;

  @Option(
      names = {"-q", "--quiet"},
      description = "No status on standard error; warnings and errors remain.")
  void quiet(boolean asked) {
    quiet = asked;
    LOGGER.setLevel(asked ? Level.WARNING : Level.INFO);
  }

  /** Prints the result: the JSON object with {@code --json}, else the text. */
  void result(String text, JsonNode object) {
    PrintWriter out = command.commandLine().getOut();
    if (json) {
      out.println(Json.text(object));
    } else {
      out.println(text.stripTrailing().replaceAll("[\\p{Cc}&&[^\n]]", "?"));
    }
    if (out.checkError()) {
      throw new RunDirectoryConflict(
          Path.of("standard output"), "cannot be written, so the result is not shown");
    }
  }

  /** A line that {@code --quiet} does not silence. */
  void warning(String line) {
    print("warning: " + line);
  }

  /**
   * Above a view that is shown, which is drawn again below. Some words are those of files: no
   * control characters of theirs reach a terminal.
   */
  private void print(String words) {
    String line = words.replaceAll("\\p{Cc}", "?");
    Progress shown = viewed;
    if (shown == null) {
      command.commandLine().getErr().println(line);
    } else {
      shown.printAbove(line);
    }
  }

  /** One line of status. */
  void status(String line) {
    if (!quiet) {
      print(line);
    }
  }

  /**
   * Progress of long work: a bar on a terminal, else a line now and then.
   *
   * @param total in whatever units {@link Progress#at} counts
   */
  Progress progress(String task, long total) {
    return new Progress(task, total);
  }

  /** The same of a training, on a terminal as a view that is drawn again and again. */
  Progress view(LiveView view, long total) {
    return quiet || !TERMINAL ? new Progress("steps", total) : new Progress(view, total);
  }

  /** Progress of one piece of work; close it when the work ends, however it ends. */
  final class Progress implements AutoCloseable {
    private final String task;
    private final long total;
    private final ProgressBar bar;
    private final LiveView view;
    private long lastLine = System.nanoTime();
    private long begun;
    private long first = -1;
    private long latest;
    private String detail = "";
    private Interruption interruption;

    private Progress(String task, long total) {
      this.task = task;
      this.total = total;
      this.view = null;
      this.bar =
          quiet || !TERMINAL
              ? null
              : new ProgressBarBuilder()
                  .setTaskName(task)
                  .setInitialMax(total)
                  .setStyle(ProgressBarStyle.ASCII)
                  .setUpdateIntervalMillis(200)
                  .setConsumer(new ConsoleProgressBarConsumer(System.err))
                  .build();
    }

    private Progress(LiveView view, long total) {
      this.task = "";
      this.total = total;
      this.view = view;
      this.bar = null;
      viewed = this;
    }

    private synchronized void printAbove(String line) {
      PrintWriter err = command.commandLine().getErr();
      err.print(view.erase());
      err.println(line);
      if (begun != 0) {
        draw(latest, Duration.ZERO);
      }
    }

    /** So much is done. May be called from any thread. */
    synchronized void at(long done) {
      if (bar != null) {
        bar.stepTo(done);
      } else if (view != null) {
        draw(done, BETWEEN_VIEWS);
      } else if (System.nanoTime() - lastLine > BETWEEN_LINES.toNanos()) {
        lastLine = System.nanoTime();
        status(
            String.format("%s: %d of %d (%d %%)", task, done, total, 100 * done / total)
                + remaining(done)
                + (detail.isEmpty() ? "" : "; " + detail));
      }
      if (first < 0) {
        first = done;
        begun = System.nanoTime();
      }
    }

    private void draw(long done, Duration since) {
      if (System.nanoTime() - lastLine > since.toNanos()) {
        lastLine = System.nanoTime();
        PrintWriter err = command.commandLine().getErr();
        // As wide as bars are: a line that breaks would be drawn over.
        int length = new ConsoleProgressBarConsumer(System.err).getMaxRenderedLength();
        err.print(view.redraw(done + " of " + total + remaining(done), length));
        err.flush();
      }
      latest = done;
    }

    /** Shows a line of a training where there is a view. */
    synchronized void add(TrainingLine line) {
      if (view != null) {
        view.add(line);
      }
    }

    /** At the speed so far, if there is one yet. */
    private String remaining(long done) {
      if (first < 0 || done <= first) {
        return "";
      }
      double rate = (System.nanoTime() - begun) * 1e-9 / (done - first);
      return ", about " + Numbers.duration(rate * (total - done)) + " to go";
    }

    /** The work can be interrupted until it ends. */
    synchronized void with(Interruption toBeClosed) {
      interruption = toBeClosed;
    }

    /** A few words on what was done last, beside the bar. */
    synchronized void detail(String words) {
      detail = words;
      if (bar != null) {
        bar.setExtraMessage(words);
      }
    }

    @Override
    public synchronized void close() {
      if (interruption != null) {
        interruption.close();
      }
      if (bar != null) {
        bar.close();
      } else if (view != null) {
        draw(latest, Duration.ZERO);
        viewed = null;
      }
    }
  }
}
