package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClimateDirectoryTest {

  private static final String HEADER = "date,meantemp,humidity,wind_speed,meanpressure\n";

  /** Over the end of February of a leap year; the pressure of one day is no number. */
  private static final String CSV =
      HEADER
          + "2016-02-27,10.5,80,1,1015\n"
          + "2016-02-28,11,81,2,\n"
          + "2016-02-29,12,82,0.0,7679.33\n"
          + "2016-03-01,-13,83,4,-3.04\n"
          + "2016-03-02,14,84,5e0,1016\n";

  @TempDir Path directory;

  private void write(String text) throws IOException {
    Files.writeString(directory.resolve("DailyDelhiClimateTrain.csv"), text);
  }

  private Dataset load(int days, int samples, long seed) {
    return DataSource.parse("climate:" + directory + "#days=" + days).load(samples, seed);
  }

  @Test
  void aSampleIsSomeDaysOldestFirstAndTheTemperatureAfterThem() throws IOException {
    write(CSV);
    Dataset data = load(2, 3, 0);
    assertEquals(6, data.dimension());
    assertArrayEquals(
        new double[] {
          10.5, 80, 1, 11, 81, 2, //
          11, 81, 2, 12, 82, 0, //
          12, 82, 0, -13, 83, 4
        },
        data.inputs().values());
    assertArrayEquals(new double[] {12, -13, 14}, data.targets().orElseThrow().values());
    assertEquals(true, data.classes().isEmpty());
    assertEquals(1, load(4, 1, 0).samples());
  }

  @Test
  void windowsAreTheFirstInTimeWhateverTheSeed() throws IOException {
    write(CSV);
    Dataset all = load(1, 4, 0);
    Dataset first = load(1, 2, 12345);
    assertArrayEquals(Arrays.copyOf(all.inputs().values(), 6), first.inputs().values());
    assertArrayEquals(new double[] {11, 12}, first.targets().orElseThrow().values());
    InvalidConfiguration fault = assertThrows(InvalidConfiguration.class, () -> load(1, 5, 0));
    assertEquals(
        "--samples: 5 were asked for, and climate has 4; choose between 1 and 4",
        fault.getMessage());
  }

  @Test
  void columnsAreFoundByNameInAPackedFile() throws IOException {
    String text = "wind_speed,date,meantemp,humidity\n1,2016-02-29,10,80\n2,2016-03-01,11,81\n";
    Files.write(
        directory.resolve("DailyDelhiClimateTrain.csv.gz"),
        Gzip.pack(text.getBytes(StandardCharsets.UTF_8)));
    Dataset data = load(1, 1, 0);
    assertArrayEquals(new double[] {10, 80, 1}, data.inputs().values());
    assertEquals(
        "DailyDelhiClimateTrain.csv.gz", data.provenance().get(0).file().getFileName().toString());
  }

  @Test
  void daysThatDoNotFollowOneAnotherAreRefused() throws IOException {
    String gap = "line 3: 2016-03-01 is not the day after 2016-02-28; windows need every day";
    assertFault(gap, "2016-02-28,1,2,3,4\n2016-03-01,1,2,3,4\n");
    assertFault("line 3: 2016-02-28 is not", "2016-02-28,1,2,3,4\n2016-02-28,1,2,3,4\n");
    assertFault("line 2: date '2015-02-29' is not a day", "2015-02-29,1,2,3,4\n");
    assertFault("line 2: date '29.02.2016' is not a day", "29.02.2016,1,2,3,4\n");
  }

  @Test
  void cellsThatAreNoFiniteNumbersAreRefused() throws IOException {
    assertFault("line 2: humidity is missing", "2016-02-28,1,,3,4\n");
    assertFault("line 2: wind_speed is 'calm', which is not a number", "2016-02-28,1,2,calm,4\n");
    assertFault("line 2: meantemp is NaN, which is not finite", "2016-02-28,NaN,2,3,4\n");
    assertFault("line 2: the row has 4 cells, and the header 5", "2016-02-28,1,2,3\n");
  }

  @Test
  void aMissingOrDoubleColumnIsRefused() throws IOException {
    write("date,meantemp,wind_speed\n2016-02-28,1,3\n");
    assertFault("line 1: the header does not have 'humidity' once; its columns are date, meantemp");
    write("date,meantemp,humidity,wind_speed,humidity\n2016-02-28,1,2,3,4\n");
    assertFault("line 1: the header does not have 'humidity' once");
    write("2016-02-28,1,2,3,4\n");
    assertFault("line 1: the header does not have 'date' once");
  }

  @Test
  void fewerDaysThanAWindowAndOneAreRefused() throws IOException {
    assertFault("has 1 day, where a window and the day after it are 2", "2016-02-28,1,2,3,4\n");
    write("");
    assertFault("has 0 days");
    InvalidConfiguration fault = assertThrows(InvalidConfiguration.class, () -> load(0, 1, 0));
    assertEquals("--data: days=0 must be at least 1", fault.getMessage());
  }

  @Test
  void whatWasLookedForIsNamed() {
    assertFault(
        directory
            + ": has no DailyDelhiClimateTrain.csv, plain or with .gz: the daily climate of Delhi as"
            + " CSV (date, meantemp, humidity, wind_speed, meanpressure)");
    directory = directory.resolve("none");
    assertFault(directory + ": there is no such directory; DailyDelhiClimateTrain.csv is looked");
  }

  private void assertFault(String message, String rows) throws IOException {
    write(HEADER + rows);
    assertFault(message);
  }

  private void assertFault(String message) {
    DataFormat fault = assertThrows(DataFormat.class, () -> load(1, 1, 0));
    assertEquals(true, fault.getMessage().contains(message), fault.getMessage());
  }
}
