package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.DataFormat;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The run directory of a sweep: a line of {@code results.jsonl} for each finished cell, and a file
 * {@code limit-NAME.json} for each limiting kernel.
 */
public final class SweepResults {

  private final RunDirectory directory;

  /**
   * @param directory of a sweep; stays its opener's
   */
  public SweepResults(RunDirectory directory) {
    this.directory = directory;
  }

  /** What was asked. */
  public SweepConfiguration configuration() {
    return directory.configuration(SweepConfiguration.class);
  }

  /**
   * The finished cells, in the order in which they were finished.
   *
   * @throws DataFormat if a line is not a result of a network of this run, or repeats one
   */
  public List<CellResult> cells() {
    List<CellResult> results = directory.lines(CellResult.class);
    Set<Cell> open = new HashSet<>(configuration().cells());
    for (int i = 0; i < results.size(); i++) {
      Cell cell = results.get(i).cell();
      if (cell == null) {
        throw fault(i, "not a result: it has no cell");
      }
      if (!open.remove(cell)) {
        throw fault(i, cell + " is a result of another run, or stands here for the second time");
      }
    }
    return results;
  }

  private DataFormat fault(int index, String why) {
    return new DataFormat(directory.file(RunDirectory.RESULTS), "line", index + 1, why);
  }

  /** Appends a finished cell; on return it is on the disk. */
  public void append(CellResult result) {
    directory.append(result);
  }

  /** The limiting kernel of that name, if it is computed and its matrices are on the disk. */
  public Optional<LimitSummary> limit(String name) {
    return directory.read(limitFile(name), LimitSummary.class);
  }

  /** Records a limiting kernel whose matrices are on the disk. */
  public void write(LimitSummary limit) {
    directory.write(limitFile(limit.name()), limit);
  }

  private static String limitFile(String name) {
    return "limit-" + name + ".json";
  }
}
