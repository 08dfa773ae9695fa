package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.IdxDirectory.Part;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataSourceTest {

  @TempDir Path directory;

  @Test
  void everyKnownFormIsUnderstood() {
    assertParses("digits", new Digits());
    assertParses("synthetic:d=32", new Synthetic(32, OptionalLong.empty()));
    assertParses("synthetic:d=32,seed=-5", new Synthetic(32, OptionalLong.of(-5)));
    assertParses("mnist:a/b", new IdxDirectory("mnist", Path.of("a/b"), Part.TRAIN));
    assertParses("fashion-mnist:a", new IdxDirectory("fashion-mnist", Path.of("a"), Part.TRAIN));
    assertParses("cifar10:a/b", new CifarDirectory(Path.of("a/b")));
    assertParses("agnews:a", new AgNewsDirectory(Path.of("a"), new HashedTfIdf(1024, 0)));
    assertParses("agnews:a#b#", new AgNewsDirectory(Path.of("a#b"), new HashedTfIdf(1024, 0)));
    assertParses("agnews:a#d=9", new AgNewsDirectory(Path.of("a"), new HashedTfIdf(9, 0)));
    assertParses("agnews:a#d=9,seed=-3", new AgNewsDirectory(Path.of("a"), new HashedTfIdf(9, -3)));
    assertParses("climate:a", new ClimateDirectory(Path.of("a"), 7));
    assertParses("climate:a#b#days=14", new ClimateDirectory(Path.of("a#b"), 14));
    assertParses("csv:a.csv", new CsvFile(Path.of("a.csv"), Optional.empty()));
    assertParses("csv:a:b.csv#c d", new CsvFile(Path.of("a:b.csv"), Optional.of("c d")));
    assertParses("csv:a#b.csv#", new CsvFile(Path.of("a#b.csv"), Optional.of("")));
    assertParses("npy:a.npy", new NpyFile(Path.of("a.npy")));
  }

  @Test
  void aMarkInTheNameOfACsvFileIsNoneUnlessAFileIsBeforeIt() throws IOException {
    Path file = Files.createFile(directory.resolve("w#1.csv"));
    assertParses("csv:" + file, new CsvFile(file, Optional.empty()));
    assertParses("csv:" + file + "#y", new CsvFile(file, Optional.of("y")));
    Path shorter = Files.createFile(directory.resolve("w"));
    assertParses("csv:" + file, new CsvFile(shorter, Optional.of("1.csv")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "digit",
        "digits:",
        "digits:x",
        "Digits",
        "mnist",
        "mnist:",
        "cifar10",
        "cifar10:",
        "agnews",
        "agnews:#d=9",
        "agnews:a#9",
        "agnews:a#d=-9",
        "agnews:a#d=9,seed=x",
        "agnews:a#seed=1",
        "climate:",
        "climate:#days=7",
        "climate:a#days=",
        "climate:a#days=1.5",
        "climate:a#d=7",
        "csv:",
        "csv:#y",
        "npy:",
        "synthetic",
        "synthetic:",
        "synthetic:32",
        "synthetic:d=",
        "synthetic:d=-3",
        "synthetic:d=3,",
        "synthetic:d=3,seed=x",
        "synthetic:d=3,noise=1",
        "a.csv",
        "imagenet:x"
      })
  void anythingElseIsAnsweredWithTheKnownForms(String argument) {
    InvalidConfiguration fault =
        assertThrows(InvalidConfiguration.class, () -> DataSource.parse(argument));
    assertEquals(
        "--data: '"
            + argument
            + "' is none of digits, synthetic:d=32, synthetic:d=32,seed=5, mnist:DIR,"
            + " fashion-mnist:DIR, cifar10:DIR, agnews:DIR, agnews:DIR#d=1024,seed=0, climate:DIR,"
            + " climate:DIR#days=7, csv:FILE, csv:FILE#TARGET_COLUMN, npy:FILE"
            + (argument.equals("a.csv") ? "; did you mean csv:a.csv?" : ""),
        fault.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "synthetic:d=0",
        "synthetic:d=2147483648",
        "synthetic:d=1,seed=9999999999999999999",
        "agnews:a#d=0",
        "agnews:a#d=2147483648",
        "agnews:a#d=1,seed=2147483648",
        "climate:a#days=0",
        "climate:a#days=2147483648"
      })
  void numbersOutOfRangeAreRefused(String argument) {
    assertThrows(InvalidConfiguration.class, () -> DataSource.parse(argument));
  }

  @Test
  void aRowOfAnNpyFileIsASample() {
    Path file = directory.resolve("x.npy");
    Npy.write(file, new DenseMatrix(2, 3, new double[] {1, 2, 3, 4, 5, 6}), ElementType.FP64);
    Dataset data = new NpyFile(file).all();
    assertEquals(3, data.dimension());
    assertArrayEquals(new double[] {1, 3, 5, 2, 4, 6}, data.inputs().values());
    assertEquals("npy:x.npy", data.name());
    assertEquals(1, DataSource.parse("npy:" + file).load(1, 0).samples());
  }

  @Test
  void anNpyFileWithANanIsRefusedByFileSampleAndFeature() {
    Path file = directory.resolve("x.npy");
    double[] values = {1, 2, 3, 4, 5, Double.NaN};
    Npy.write(file, new DenseMatrix(2, 3, values), ElementType.FP64);
    assertEquals(
        file + ", sample 1: feature 2 is NaN; remove or repair the sample",
        assertThrows(DataFormat.class, () -> new NpyFile(file).all()).getMessage());
  }

  private static void assertParses(String argument, DataSource expected) {
    assertEquals(expected, DataSource.parse(argument));
  }
}
