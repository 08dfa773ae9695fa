package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A CSV file of numbers, plain or gzip, a sample per row. It may have a header. One column may be
 * the target, of numbers or, where that of the first sample is text, of names of classes; the
 * others are the features, in the file's order.
 *
 * @param file the file
 * @param target the target's name in the header, or where there is none its number, from 1; "" for
 *     no target; by default the last column if its name is {@code label}, {@code target} or {@code
 *     y}, in whatever case
 */
public record CsvFile(Path file, Optional<String> target) implements DataSource {

  private static final System.Logger LOG = System.getLogger(CsvFile.class.getName());

  private static final Set<String> TARGET_NAMES = Set.of("label", "target", "y");

  @Override
  public Dataset load(int samples, long seed) {
    return all().subset(samples, seed);
  }

  /**
   * All samples, in the file's order.
   *
   * @throws DataFormat with a line number, if a cell is missing, not a number or not finite, if
   *     rows differ in length, or if there is no sample or no feature
   * @throws InvalidConfiguration if the header does not have the target exactly once, or there is
   *     none and no column of that number
   */
  public Dataset all() {
    try (SourceFile in = SourceFile.open(file)) {
      CsvTable table = CsvTable.read(in, file, this::targetColumn);
      LOG.log(System.Logger.Level.INFO, file + ": " + table.reading());
      return new Dataset(
          "csv:" + file.getFileName(),
          table.features(),
          table.targets(),
          table.classes(),
          List.of(in.provenance()),
          new SamplePlaces("line", table.lines()));
    }
  }

  private OptionalInt targetColumn(List<String> header, int width) {
    if (target.isEmpty()) {
      int last = header.size() - 1;
      return last >= 0 && TARGET_NAMES.contains(header.get(last).toLowerCase(Locale.ROOT))
          ? OptionalInt.of(last)
          : OptionalInt.empty();
    }
    String name = target.get();
    if (name.isEmpty()) {
      return OptionalInt.empty();
    }
    if (header.isEmpty() && name.matches("[1-9]\\d{0,8}") && Integer.parseInt(name) <= width) {
      return OptionalInt.of(Integer.parseInt(name) - 1);
    }
    int column = header.indexOf(name);
    if (column < 0 || column != header.lastIndexOf(name)) {
      throw new InvalidConfiguration(
          "--data",
          String.format(
              "%s %s a column '%s'; %s",
              file,
              column < 0 ? "does not have" : "has more than one time",
              name,
              header.isEmpty()
                  ? "it has no header, so say csv:FILE#K for its column K, of 1 to " + width
                  : "its columns are " + String.join(", ", header)));
    }
    return OptionalInt.of(column);
  }
}
