package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.DenseMatrix;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The forecast of tomorrow's temperature from the daily climate of Delhi: {@code
 * DailyDelhiClimateTrain.csv} of a directory, plain or with {@code .gz}, a row per day, with a
 * header that has {@code date}, {@code meantemp} (°C), {@code humidity} (%) and {@code wind_speed}
 * (km/h). Other columns are not read: {@code meanpressure} (hPa) holds values from −3 to 7679.
 *
 * <p>A sample is a window of k days: its features are the three numbers of the first day, then of
 * the second, … (d = 3k), its target the next day's {@code meantemp}. Windows begin on each day, in
 * the order of time.
 *
 * @param directory where the file lies
 * @param days k, at least 1
 */
public record ClimateDirectory(Path directory, int days) implements DataSource {

  private static final String NAME = "climate";
  private static final String FILE = "DailyDelhiClimateTrain.csv";
  private static final List<String> MEASURED = List.of("meantemp", "humidity", "wind_speed");
  private static final int TEMPERATURE = 0;

  public ClimateDirectory {
    if (days < 1) {
      throw new InvalidConfiguration("--data", "days=" + days + " must be at least 1");
    }
  }

  /**
   * The first windows of the file, whatever the seed. Where the last samples of a load are for
   * testing, their targets so lie after those that are trained on; the first k of them still have
   * days of training among their inputs, as any forecast has.
   *
   * @throws DataFormat if there is no such file, or it has fewer than k + 1 days; with a line
   *     number, if a column is missing, a cell is no finite number, or a date is not the day after
   *     the last
   */
  @Override
  public Dataset load(int samples, long seed) {
    Path file = file();
    try (SourceFile in = SourceFile.open(file)) {
      List<double[]> measured = read(in);
      if (measured.size() <= days) {
        throw new DataFormat(
            file,
            String.format(
                "has %d day%s, where a window and the day after it are %d",
                measured.size(), measured.size() == 1 ? "" : "s", days + 1L),
            null);
      }
      Dataset.requireAvailable(samples, measured.size() - days, NAME);
      Dataset.requireOneArray(samples, (long) days * MEASURED.size());
      return new Dataset(
          NAME,
          windows(measured, samples),
          Optional.of(temperatures(measured, samples)),
          Optional.empty(),
          List.of(in.provenance()));
    }
  }

  private DenseMatrix windows(List<double[]> measured, int samples) {
    int each = MEASURED.size();
    DenseMatrix inputs = DenseMatrix.zeros(days * each, samples);
    for (int j = 0; j < samples; j++) {
      for (int day = 0; day < days; day++) {
        int to = (j * days + day) * each;
        System.arraycopy(measured.get(j + day), 0, inputs.values(), to, each);
      }
    }
    return inputs;
  }

  private DenseMatrix temperatures(List<double[]> measured, int samples) {
    DenseMatrix targets = DenseMatrix.zeros(1, samples);
    for (int j = 0; j < samples; j++) {
      targets.set(0, j, measured.get(j + days)[TEMPERATURE]);
    }
    return targets;
  }

  private Path file() {
    DataFolder folder =
        new DataFolder(
            directory,
            "the daily climate of Delhi as CSV (date, meantemp, humidity, wind_speed, meanpressure)");
    return folder.find(FILE).orElseThrow(() -> folder.lacks(List.of(FILE)));
  }

  private static List<double[]> read(SourceFile in) {
    // Closing the reader would close the source, which is still asked for its provenance.
    @SuppressWarnings("resource")
    InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8);
    CsvRows rows = CsvRows.of(text, in.path());
    Days days = new Days(rows);
    rows.forEach(days::read);
    return days.measured;
  }

  /** One pass over a file. */
  private static final class Days {
    private final CsvRows rows;
    private final List<double[]> measured = new ArrayList<>();
    private List<String> header = List.of();
    private int date;
    private int[] columns;
    private LocalDate last;

    Days(CsvRows rows) {
      this.rows = rows;
    }

    void read(List<String> row) {
      if (header.isEmpty()) {
        header = row;
        date = column("date");
        columns = MEASURED.stream().mapToInt(this::column).toArray();
      } else {
        append(row);
      }
    }

    private int column(String name) {
      int column = header.indexOf(name);
      if (column < 0 || column != header.lastIndexOf(name)) {
        throw rows.fault(
            "the header does not have '"
                + name
                + "' once; its columns are "
                + String.join(", ", header));
      }
      return column;
    }

    private void append(List<String> row) {
      if (row.size() != header.size()) {
        throw rows.fault("the row has " + row.size() + " cells, and the header " + header.size());
      }
      LocalDate day = day(row.get(date));
      if (last != null && day.toEpochDay() != last.toEpochDay() + 1) {
        throw rows.fault(day + " is not the day after " + last + "; windows need every day");
      }
      last = day;
      double[] numbers = new double[columns.length];
      for (int i = 0; i < columns.length; i++) {
        numbers[i] = rows.number(row.get(columns[i]), MEASURED.get(i), "");
      }
      measured.add(numbers);
    }

    private LocalDate day(String cell) {
      try {
        return LocalDate.parse(cell);
      } catch (DateTimeParseException e) {
        throw rows.fault("date '" + cell + "' is not a day as in 2013-01-31");
      }
    }
  }
}
