package io.tangentflow.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.DoubleStream;

/**
 * The built-in data: 1797 handwritten digits of 8×8 pixels, row by row, each 0 … 16, with the
 * digits as classes (Alpaydin and Kaynak 1998, <i>Optical Recognition of Handwritten Digits</i>,
 * UCI Machine Learning Repository, CC BY 4.0).
 */
public record Digits() implements DataSource {

  private static final String RESOURCE = "digits.csv.gz";
  private static final int PIXELS = 64;
  private static final int CLASSES = 10;

  @Override
  public Dataset load(int samples, long seed) {
    return all().subset(samples, seed);
  }

  /** All 1797 samples, in the original order. */
  public Dataset all() {
    Path name = Path.of(RESOURCE);
    try (InputStream resource = Digits.class.getResourceAsStream(RESOURCE);
        SourceFile in = SourceFile.of(name, resource)) {
      CsvTable table = CsvTable.read(in, name, (header, width) -> OptionalInt.of(PIXELS));
      int[] digits =
          DoubleStream.of(table.targets().orElseThrow().values()).mapToInt(x -> (int) x).toArray();
      return new Dataset(
          "digits",
          table.features(),
          Optional.empty(),
          Optional.of(new Classes(CLASSES, digits)),
          List.of(in.provenance()));
    } catch (IOException e) {
      throw new UncheckedIOException("the built-in digits cannot be read", e);
    }
  }
}
