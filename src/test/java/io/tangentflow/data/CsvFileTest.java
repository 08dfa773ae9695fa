package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class CsvFileTest {

  @TempDir Path directory;

  @Test
  void withoutAHeaderEveryColumnIsAFeature() throws IOException {
    Dataset data = read("1,2,3\n4,5.5,-6e-1\n");
    assertEquals(3, data.dimension());
    assertArrayEquals(new double[] {1, 2, 3, 4, 5.5, -0.6}, data.inputs().values());
    assertEquals(true, data.targets().isEmpty() && data.classes().isEmpty());
  }

  @Test
  void aLastColumnOfTheUsualNamesIsTheTarget() throws IOException {
    for (String name : new String[] {"y", "Label", "TARGET", "\"y\"", " y "}) {
      Dataset data = read("a,b," + name + "\n1,2,3\n4,5,6");
      assertArrayEquals(new double[] {1, 2, 4, 5}, data.inputs().values());
      assertArrayEquals(new double[] {3, 6}, data.targets().orElseThrow().values());
    }
    assertEquals(true, read("a,y,b\n1,2,3\n").targets().isEmpty());
  }

  @Test
  void aNamedColumnIsTheTargetAndTheEmptyNameNone() throws IOException {
    String text = "a,b,y\n1,2,3\n4,5,6\n";
    Dataset named = read(text, "b");
    assertArrayEquals(new double[] {1, 3, 4, 6}, named.inputs().values());
    assertArrayEquals(new double[] {2, 5}, named.targets().orElseThrow().values());
    assertArrayEquals(new double[] {2, 3, 5, 6}, read(text, "a").inputs().values());
    assertEquals(3, read(text, "").dimension());
  }

  @Test
  void aColumnWithoutANameIsNamedByItsNumber() throws IOException {
    Dataset numbered = read("1,2,3\n4,5,6\n", "2");
    assertArrayEquals(new double[] {1, 3, 4, 6}, numbered.inputs().values());
    assertArrayEquals(new double[] {2, 5}, numbered.targets().orElseThrow().values());
    assertArrayEquals(
        new double[] {1, 4}, read("2,b,1\n1,2,3\n4,5,6\n", "2").targets().orElseThrow().values());
    assertFault(InvalidConfiguration.class, "its columns are a, b", "a,b\n1,2\n", "2");
  }

  @Test
  void howTheFirstRowIsReadIsSaid() {
    assertEquals(
        List.of(
            "f.csv: the first row is a header; 2 features, column 3 (y) is learnt",
            "f.csv: the first row is a header; 3 features, no column is learnt",
            "f.csv: the first row is a sample, as it has no text; 1 feature, column 2 is learnt"),
        said(
            () -> {
              read("a,b,y\n1,2,3\n");
              read("1,2,NA\n4,5,6\n");
              read("0,1\n4,5\n", "2");
            }));
  }

  private List<String> said(Executable reading) {
    List<String> lines = new ArrayList<>();
    Logger logger = Logger.getLogger(CsvFile.class.getName());
    logger.setFilter(
        record -> {
          lines.add(record.getMessage().replace(directory + File.separator, ""));
          return false;
        });
    logger.setLevel(Level.INFO);
    try {
      assertDoesNotThrow(reading);
    } finally {
      logger.setFilter(null);
      logger.setLevel(null);
    }
    return lines;
  }

  @Test
  void aTargetOfTextNamesClasses() throws IOException {
    Dataset data = read("a,kind,b\n1,pear,2\n3,apple,4\n5,7 up,6\n7,pear,8\n", "kind");
    assertArrayEquals(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, data.inputs().values());
    assertEquals(Optional.empty(), data.targets());
    assertEquals(3, data.classes().orElseThrow().count());
    assertArrayEquals(new int[] {2, 1, 0, 2}, data.classes().orElseThrow().labels());
    assertEquals(1, read("a,label\n1,x\n2,x").classes().orElseThrow().count());
  }

  /** A slip of the pen in a target of numbers does not make classes of it. */
  @Test
  void aTargetIsOfOneKind() {
    assertFault(
        "line 3: column 2 (y) is 'x', which is not a number as that of the first sample is",
        "a,y\n1,2\n3,x\n");
    assertFault("line 3: column 2 (y) is missing", "a,y\n1,x\n3,\n");
    assertFault(
        "line 3: column 2 (y) is the number 0.5, and that of the first sample is text",
        "a,y\n1,N/A\n3,0.5\n");
  }

  @Test
  void textInAFeatureTellsHowToNameTheTarget() {
    assertFault("'x', which is not a number; if it is the target, say csv:FILE#b", "a,b\n1,x\n");
    assertFault("line 2: column 1 is 'x', which is not a number", "1,2\nx,3\n");
    assertFault("if it is a sample, put names above it", "1,2,x\n3,4,y\n");
  }

  @Test
  void aTargetThatTheHeaderDoesNotHaveOnceIsRefused() {
    assertFault(InvalidConfiguration.class, "its columns are a, b", "a,b\n1,2\n", "c");
    assertFault(InvalidConfiguration.class, "more than one time", "a,a\n1,2\n", "a");
    assertFault(InvalidConfiguration.class, "it has no header", "1,2\n", "a");
    for (String number : new String[] {"0", "3", "-1", "1.0", "9999999999"}) {
      assertFault(
          InvalidConfiguration.class,
          "does not have a column '"
              + number
              + "'; it has no header, so say csv:FILE#K for its column K, of 1 to 2",
          "1,2\n",
          number);
    }
  }

  @Test
  void aByteOrderMarkBlankLinesSpacesAndLineEndsOfWindowsDoNotMatter() throws IOException {
    assertArrayEquals(
        new double[] {1, 2, 3, 4}, read("\uFEFF1, 2\r\n\r\n 3 ,\"4\"\r\n").inputs().values());
    assertEquals(Optional.empty(), read("\uFEFFy\n1\n", "").targets());
  }

  @Test
  void gzipIsKnownByItsContent() throws IOException {
    Path file = directory.resolve("packed.csv");
    Files.write(file, Gzip.pack("1,2\n3,4\n".getBytes(StandardCharsets.UTF_8)));
    assertArrayEquals(
        new double[] {1, 2, 3, 4}, new CsvFile(file, Optional.empty()).all().inputs().values());
  }

  @Test
  void aBadCellIsNamedByLineAndColumn() {
    assertFault("line 3: column 2 (b) is missing", "a,b\n1,2\n3,\n5,6\n");
    assertFault("line 3: column 2 (b) is 'x', which is not a number", "a,b\n1,2\n3,x\n5,6\n");
    assertFault("line 2: column 1 is '0x10', which is not a number", "1,2\n0x10,4\n");
    assertFault("line 2: column 2 is '4f', which is not a number", "1,2\n3,4f\n");
    assertFault("line 2: column 2 is nan, which is not finite", "1,2\n3,nan\n");
    assertFault("line 2: column 2 is -Infinity, which is not finite", "1,2\n3,-Infinity");
    assertFault("line 2: column 2 is 1e999, which is not finite", "1,2\n3,1e999\n");
    assertFault("line 1: column 2 is inf, which is not finite", "1,inf\n3,4\n");
    assertFault("line 1: column 1 is missing", ",1\n3,4\n");
  }

  @Test
  void linesAreCountedWithBlankOnes() {
    assertFault("line 4: column 2 is 'x'", "1,2\n\n3,4\n5,x\n");
    assertFault("line 4: column 2 is 'x'", "1,2\r\n\r\n3,4\r\n5,x");
  }

  @Test
  void aSampleIsNamedByItsLine() throws IOException {
    Dataset drawn = read("a,b\n1,2\n\n3,4\n0,0\n5,6\n").subset(4, 3);
    for (int j = 0; j < 4; j++) {
      assertEquals(
          Map.of(1.0, 2, 3.0, 4, 0.0, 5, 5.0, 6).get(drawn.inputs().get(0, j)),
          drawn.places().numbers()[j]);
    }
    assertMessage(
        "f.csv, line 5: all features are zero",
        assertThrows(DataFormat.class, () -> drawn.normalised(Normalisation.SPHERE)));
  }

  @Test
  void aRowOfAnotherLengthIsRefused() {
    assertFault("line 2: the row has 3 cells, and the first row has 2", "1,2\n3,4,5\n");
    assertFault("line 3: the row has 1 cell, and the first row has 2", "a,b\n3,4\n5\n");
  }

  @Test
  void aFileWithoutSampleOrFeatureIsRefused() {
    assertFault("the file has no sample", "");
    assertFault("the file has no sample", "a,b\n");
    assertFault("the target is the only column", "y\n1\n");
  }

  @Test
  void brokenQuotesAreRefused() {
    assertFault("not CSV", "1,2\n\"3\"x,4\n");
    assertFault("not CSV", "1,2\n\"3,4\n");
  }

  private Dataset read(String text) throws IOException {
    return new CsvFile(file(text), Optional.empty()).all();
  }

  private Dataset read(String text, String target) throws IOException {
    return new CsvFile(file(text), Optional.of(target)).all();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("f.csv"), text);
  }

  private void assertFault(String message, String text) {
    assertMessage(message, assertThrows(DataFormat.class, () -> read(text)));
  }

  private void assertFault(
      Class<? extends TangentFlowException> kind, String message, String text, String target) {
    assertMessage(message, assertThrows(kind, () -> read(text, target)));
  }

  private static void assertMessage(String message, Exception fault) {
    assertEquals(true, fault.getMessage().contains(message), fault.getMessage());
  }
}
