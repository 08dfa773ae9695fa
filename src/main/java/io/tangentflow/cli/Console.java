package io.tangentflow.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
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
final class Console {

  /** Set by the launcher where standard error is a terminal. */
  private static final boolean TERMINAL = Boolean.getBoolean("tangentflow.terminal");

  /** Of all rooms; held here, because the logging system forgets loggers that nobody holds. */
  private static final Logger LOGGER = Logger.getLogger("io.tangentflow");

  private static final Duration BETWEEN_LINES = Duration.ofSeconds(5);

  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--json", description = "Print one JSON object instead of text.")
  private boolean json;

  private boolean quiet;

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
      try {
        out.println(
            new ObjectMapper()
                .writer(SerializationFeature.INDENT_OUTPUT)
                .writeValueAsString(object));
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(e);
      }
    } else {
      out.println(text.stripTrailing());
    }
    if (out.checkError()) {
      throw new RunDirectoryConflict(
          Path.of("standard output"), "cannot be written, so the result is not shown");
    }
  }

  /** A line that {@code --quiet} does not silence. */
  void warning(String line) {
    command.commandLine().getErr().println("warning: " + line);
  }

  /** One line of status. */
  void status(String line) {
    if (!quiet) {
      command.commandLine().getErr().println(line);
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

  /** Progress of one piece of work; close it when the work ends, however it ends. */
  final class Progress implements AutoCloseable {
    private final String task;
    private final long total;
    private final ProgressBar bar;
    private long lastLine = System.nanoTime();

    private Progress(String task, long total) {
      this.task = task;
      this.total = total;
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

    /** So much is done. May be called from any thread. */
    synchronized void at(long done) {
      if (bar != null) {
        bar.stepTo(done);
      } else if (System.nanoTime() - lastLine > BETWEEN_LINES.toNanos()) {
        lastLine = System.nanoTime();
        status(String.format("%s: %d of %d (%d %%)", task, done, total, 100 * done / total));
      }
    }

    /** A few words on what was done last, beside the bar. */
    synchronized void detail(String words) {
      if (bar != null) {
        bar.setExtraMessage(words);
      }
    }

    @Override
    public void close() {
      if (bar != null) {
        bar.close();
      }
    }
  }
}
