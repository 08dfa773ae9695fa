package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * AG News (Zhang, Zhao, LeCun 2015, <i>Character-level Convolutional Networks for Text
 * Classification</i>): {@code train.csv} of a directory if it has one, else {@code test.csv},
 * either plain or with {@code .gz}. A row is a class 1 … 4, a title and a description, in UTF-8 and
 * quotes where needed, without a header. A backslash stands for a line's break; it parts words as
 * any character does that is no letter or digit.
 *
 * <p>The features are {@link HashedTfIdf} of the title followed by the description; its document
 * frequencies are of all rows of the file, drawn or not, and know nothing of classes. Classes are
 * numbered from 0, so that 0 … 3 are world, sports, business, and science and technology.
 *
 * @param directory where the files lie
 * @param features how texts become numbers
 */
public record AgNewsDirectory(Path directory, HashedTfIdf features) implements DataSource {

  private static final String NAME = "agnews";
  private static final int CLASSES = 4;
  private static final List<String> FILES = List.of("train.csv", "test.csv");

  /**
   * Samples drawn as {@link Dataset#subset} draws them.
   *
   * @throws DataFormat if there is neither file; with a line number, if a row has no three cells,
   *     another class than 1 … 4, or no word
   */
  @Override
  public Dataset load(int samples, long seed) {
    try (SourceFile in = SourceFile.open(file())) {
      News news = read(in);
      int[] drawn = Dataset.drawn(samples, news.texts().size(), NAME, seed);
      return new Dataset(
          NAME,
          features.of(news.texts(), drawn),
          Optional.empty(),
          Optional.of(news.classes(drawn)),
          List.of(in.provenance()),
          SamplePlaces.ofSamples(drawn));
    }
  }

  private record News(List<Integer> labels, List<String> texts) {

    Classes classes(int[] which) {
      return new Classes(CLASSES, Arrays.stream(which).map(labels::get).toArray());
    }
  }

  private Path file() {
    DataFolder folder =
        new DataFolder(directory, "AG News as CSV (class 1 to 4, title, description)");
    return FILES.stream()
        .map(folder::find)
        .flatMap(Optional::stream)
        .findFirst()
        .orElseThrow(() -> folder.lacks(FILES));
  }

  private News read(SourceFile in) {
    // Closing the reader would close the source, which is still asked for its provenance.
    @SuppressWarnings("resource")
    InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder());
    CsvRows rows = CsvRows.of(text, in.path());
    News news = new News(new ArrayList<>(), new ArrayList<>());
    rows.forEach(row -> append(row, rows, news));
    if (news.texts().isEmpty()) {
      throw rows.fault("the file has no row");
    }
    return news;
  }

  private static void append(List<String> row, CsvRows rows, News news) {
    if (row.size() != 3) {
      throw rows.fault("the row has not 3 cells (class, title, description) but " + row.size());
    }
    if (!row.get(0).matches("[1-4]")) {
      throw rows.fault("class '" + row.get(0) + "' is not 1 to 4");
    }
    String text = row.get(1) + "\n" + row.get(2);
    if (!HashedTfIdf.hasWord(text)) {
      throw rows.fault("title and description have no word; remove the row");
    }
    news.labels().add(Integer.parseInt(row.get(0)) - 1);
    news.texts().add(text);
  }
}
