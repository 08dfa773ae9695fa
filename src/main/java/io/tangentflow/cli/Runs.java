package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Dataset;
import io.tangentflow.sweep.Manifest;
import java.io.File;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.function.Supplier;

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
    reportChange("Java", manifest.java(), Manifest.jvm(), console);
    reportChange("version", manifest.version(), Manifest.programVersion(), console);
    reportChange("backend", manifest.device(), device, console);
  }

  /**
   * The budget that a run goes on with: the one that it began with, as the order of sums depends on
   * it, unless another is asked for or so much is not free.
   *
   * @param now what is asked for, or else free
   */
  static MemoryBudget budget(
      Manifest manifest, MemoryOption asked, MemoryBudget now, Console console) {
    MemoryBudget before = manifest.budget();
    if (now.equals(before) || (asked.memory == null && before.fitsInto(now))) {
      return before;
    }
    console.warning(
        String.format(
            "this run began with a memory budget of %s and goes on with one of %s, so that results"
                + " may differ by rounding",
            OutOfMemory.bytes(before.deviceBytes()), OutOfMemory.bytes(now.deviceBytes())));
    return now;
  }

  /**
   * The data of a run that is gone on with.
   *
   * @throws DataFormat if they are not what they were, saying where relative paths begin if it is
   *     that they are not found
   */
  static Dataset data(Manifest manifest, Supplier<Dataset> load) {
    try {
      return load.get();
    } catch (DataFormat e) {
      for (Manifest.DataFile read : manifest.data()) {
        File file = new File(read.file());
        if (!file.isAbsolute() && !file.exists()) {
          throw new DataFormat(
              file.toPath(),
              "there is no such file in "
                  + Path.of("").toAbsolutePath()
                  + "; relative paths of a run are those of the directory where it began: resume it"
                  + " there",
              e);
        }
      }
      throw e;
    }
  }

  private static void reportChange(String what, String before, String now, Console console) {
    if (!now.equals(before)) {
      console.warning("this run began with " + what + " " + before + " and goes on with " + now);
    }
  }
}
