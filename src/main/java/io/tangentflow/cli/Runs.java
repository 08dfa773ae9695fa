package io.tangentflow.cli;

import io.tangentflow.sweep.Manifest;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** What commands on run directories of any kind share. */
final class Runs {

  private Runs() {}

  /** The directory that was asked for, or else runs/COMMAND-DATE-TIME. */
  static Path directory(Path asked, String command) {
    if (asked != null) {
      return asked;
    }
    String time =
        DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT)
            .format(LocalDateTime.now(ZoneId.systemDefault()));
    return Path.of("runs", command + "-" + time);
  }

  /** Warns of what is not as it was when the run began. */
  static void reportChanges(Manifest manifest, String device, Console console) {
    reportChange("version", manifest.version(), Manifest.programVersion(), console);
    reportChange("backend", manifest.device(), device, console);
  }

  /**
   * The budget that the run began with, unless another is asked for: plans depend on it, and so
   * does the order of sums.
   */
  static void takeBudget(Manifest manifest, MemoryOption asked, Console console) {
    String before = manifest.memory();
    if (asked.memory == null) {
      asked.memory = before;
    } else {
      reportChange("--memory", before == null ? "by default" : before, asked.memory, console);
    }
  }

  private static void reportChange(String what, String before, String now, Console console) {
    if (!now.equals(before)) {
      console.warning("this run began with " + what + " " + before + " and goes on with " + now);
    }
  }
}
