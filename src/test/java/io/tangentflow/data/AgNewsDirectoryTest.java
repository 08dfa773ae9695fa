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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgNewsDirectoryTest {

  private static final String CSV =
      """
      "3","Shares, ""blue"" chips","A first\\line and a second\\\\"
      "1","Élections","They said ""no"", then

      ""yes""."
      4,Chips,A chip
      "2","Final","Two to one\\"
      """;

  /** What the rows say, read by eye. */
  private static final List<String> TEXTS =
      List.of(
          "Shares, \"blue\" chips\nA first line and a second",
          "Élections\nThey said \"no\", then \"yes\".",
          "Chips\nA chip",
          "Final\nTwo to one");

  private static final int[] CLASSES = {2, 0, 3, 1};

  @TempDir Path directory;

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  private Dataset load(String options, int samples, long seed) {
    return DataSource.parse("agnews:" + directory + options).load(samples, seed);
  }

  @Test
  void rowsAreTheFeaturesOfTheirTextAndTheirClass() throws IOException {
    write("test.csv", CSV);
    Dataset data = load("#d=4096,seed=5", 4, 9);
    int[] drawn = Dataset.drawn(4, 4, "", 9);
    assertArrayEquals(new HashedTfIdf(4096, 5).of(TEXTS, drawn).values(), data.inputs().values());
    assertArrayEquals(
        Arrays.stream(drawn).map(i -> CLASSES[i]).toArray(), data.classes().orElseThrow().labels());
    assertEquals(4, data.classes().orElseThrow().count());
    assertEquals(1024, load("", 1, 0).dimension());
  }

  @Test
  void fewerSamplesAreTheBeginningOfMore() throws IOException {
    write("test.csv", CSV);
    assertArrayEquals(
        Arrays.copyOf(load("#d=32", 4, 1).inputs().values(), 2 * 32),
        load("#d=32", 2, 1).inputs().values());
    InvalidConfiguration fault =
        assertThrows(InvalidConfiguration.class, () -> load("#d=32", 5, 1));
    assertEquals(true, fault.getMessage().contains("agnews has 4"), fault.getMessage());
  }

  @Test
  void theTrainingFileComesFirstPlainOrPacked() throws IOException {
    write("test.csv", "1,a,b\n");
    assertRead("test.csv", 1);
    byte[] packed = Gzip.pack("1,a,b\n2,c,d\n".getBytes(StandardCharsets.UTF_8));
    Files.write(directory.resolve("train.csv.gz"), packed);
    assertRead("train.csv.gz", 2);
    write("train.csv", CSV);
    assertRead("train.csv", 4);
  }

  private void assertRead(String file, int samples) {
    assertThrows(InvalidConfiguration.class, () -> load("", samples + 1, 0));
    Dataset data = load("", samples, 0);
    assertEquals(directory.resolve(file), data.provenance().get(0).file());
  }

  @Test
  void aBadRowIsNamedByItsLine() throws IOException {
    assertFault(
        "line 2: the row has not 3 cells (class, title, description) but 2", "1,a,b\n2,c\n");
    assertFault(
        "line 2: the row has not 3 cells (class, title, description) but 4", "1,a,b\n2,c,d,e");
    assertFault("line 3: class '5' is not 1 to 4", "1,a,b\n\n5,c,d\n");
    assertFault("line 1: class 'Class Index' is not 1 to 4", "Class Index,Title,Description\n");
    assertFault("line 2: class '' is not 1 to 4", "1,a,b\n,c,d\n");
    assertFault("line 2: title and description have no word", "1,a,b\n2,—,\"\"\"\\\"\n");
  }

  @Test
  void whatIsNotCsvOrUtf8IsRefused() throws IOException {
    assertFault("line 2: not CSV", "1,a,b\n2,\"c\"c,d\n");
    assertFault("not CSV", "1,a,b\n2,\"c,d\n");
    assertFault("the file has no row", "");
    Files.write(directory.resolve("test.csv"), "1,é,b\n".getBytes(StandardCharsets.ISO_8859_1));
    assertFault("test.csv: is not text in UTF-8");
    byte[] packed = Gzip.pack(CSV.getBytes(StandardCharsets.UTF_8));
    Files.write(directory.resolve("test.csv"), Arrays.copyOf(packed, packed.length - 12));
    assertFault("is it damaged?");
  }

  @Test
  void whatWasLookedForIsNamed() {
    assertFault(
        directory
            + ": has no train.csv or test.csv, plain or with .gz: AG News as CSV (class 1 to 4,"
            + " title, description)");
    directory = directory.resolve("none");
    assertFault(
        directory + ": there is no such directory; train.csv or test.csv is looked for in it: AG");
  }

  private void assertFault(String message, String text) throws IOException {
    write("test.csv", text);
    assertFault(message);
  }

  private void assertFault(String message) {
    DataFormat fault = assertThrows(DataFormat.class, () -> load("", 1, 0));
    assertEquals(true, fault.getMessage().contains(message), fault.getMessage());
  }
}
