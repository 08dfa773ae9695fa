package io.tangentflow.data;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/** Where samples come from: what {@code --data} says. */
public sealed interface DataSource
    permits AgNewsDirectory,
        CifarDirectory,
        ClimateDirectory,
        CsvFile,
        Digits,
        IdxDirectory,
        NpyFile,
        Synthetic {

  /**
   * Draws samples without replacement as {@link Dataset#subset} does, or generates them, or takes
   * the first in the order of time.
   *
   * @param samples N, at least 1
   * @param seed of the draw or the generation; the same seed gives the same samples everywhere, and
   *     fewer samples are the beginning of more
   * @throws InvalidConfiguration if the source does not have so many samples
   * @throws io.tangentflow.TangentFlowException.DataFormat if a file is not what its format says
   */
  @API(status = Status.STABLE, since = "0.1")
  Dataset load(int samples, long seed);

  /**
   * Understands one of
   *
   * <pre>
   *   digits                      the built-in digits
   *   synthetic:d=32              points on the sphere ‖x‖² = d
   *   synthetic:d=32,seed=5       the same points whatever --seed says
   *   mnist:DIR, fashion-mnist:DIR   the training set in a directory of IDX files
   *   cifar10:DIR                 the training batches of CIFAR-10 in a directory, binary version
   *   agnews:DIR                  AG News in a directory, hashed TF-IDF of dimension 1024
   *   agnews:DIR#d=512,seed=3     of another dimension, or by another hash (after the last #)
   *   climate:DIR                 the daily climate of Delhi, windows of 7 days
   *   climate:DIR#days=14         longer windows (after the last #)
   *   csv:FILE                    a CSV file; a last column label, target or y is the target
   *   csv:FILE#COLUMN             the named column is the target (after the last #)
   *   csv:FILE#3                  the third column, where the file has no header
   *   csv:FILE#                   no column is
   *   npy:FILE                    an array of shape (samples, features)
   * </pre>
   *
   * No file is opened. A CSV file whose own name has the last # is meant where the part before it
   * is none.
   *
   * @throws InvalidConfiguration listing these forms, for anything else
   */
  @API(status = Status.STABLE, since = "0.1")
  static DataSource parse(String argument) {
    int colon = argument.indexOf(':');
    String kind = colon < 0 ? argument : argument.substring(0, colon);
    String rest = colon < 0 ? "" : argument.substring(colon + 1);
    if (argument.equals("digits")) {
      return new Digits();
    }
    if (rest.isEmpty()) {
      throw unknown(argument);
    }
    try {
      return switch (kind) {
        case "synthetic" -> synthetic(argument, rest);
        case "mnist", "fashion-mnist" ->
            new IdxDirectory(kind, Path.of(rest), IdxDirectory.Part.TRAIN);
        case "cifar10" -> new CifarDirectory(Path.of(rest));
        case "agnews" -> agNews(argument, rest);
        case "climate" -> climate(argument, rest);
        case "csv" -> csv(argument, rest);
        case "npy" -> new NpyFile(Path.of(rest));
        default -> throw unknown(argument);
      };
    } catch (InvalidPathException e) {
      throw new InvalidConfiguration("--data", "'" + rest + "' is not a path: " + e.getReason());
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          "--data",
          "a number in '"
              + argument
              + "' is too large; d and days have 31 bits and a seed 64, that of agnews 32");
    }
  }

  private static DataSource synthetic(String argument, String rest) {
    Matcher matcher = Pattern.compile("d=(\\d+)(?:,seed=(-?\\d+))?").matcher(rest);
    if (!matcher.matches()) {
      throw unknown(argument);
    }
    return new Synthetic(
        Integer.parseInt(matcher.group(1)),
        matcher.group(2) == null
            ? OptionalLong.empty()
            : OptionalLong.of(Long.parseLong(matcher.group(2))));
  }

  private static DataSource agNews(String argument, String rest) {
    Matcher matcher =
        Pattern.compile("(?:d=(\\d+)(?:,seed=(-?\\d+))?)?").matcher(afterMark(rest).orElse(""));
    if (!matcher.matches()) {
      throw unknown(argument);
    }
    return new AgNewsDirectory(
        beforeMark(argument, rest),
        new HashedTfIdf(
            Integer.parseInt(Objects.requireNonNullElse(matcher.group(1), "1024")),
            Integer.parseInt(Objects.requireNonNullElse(matcher.group(2), "0"))));
  }

  private static DataSource climate(String argument, String rest) {
    Matcher matcher = Pattern.compile("(?:days=(\\d+))?").matcher(afterMark(rest).orElse(""));
    if (!matcher.matches()) {
      throw unknown(argument);
    }
    return new ClimateDirectory(
        beforeMark(argument, rest),
        Integer.parseInt(Objects.requireNonNullElse(matcher.group(1), "7")));
  }

  private static DataSource csv(String argument, String rest) {
    Path whole = Path.of(rest);
    int mark = rest.lastIndexOf('#');
    return mark >= 0
            && Files.isRegularFile(whole)
            && !Files.isRegularFile(Path.of(rest.substring(0, mark)))
        ? new CsvFile(whole, Optional.empty())
        : new CsvFile(beforeMark(argument, rest), afterMark(rest));
  }

  private static Path beforeMark(String argument, String rest) {
    int mark = rest.lastIndexOf('#');
    String path = mark < 0 ? rest : rest.substring(0, mark);
    if (path.isEmpty()) {
      throw unknown(argument);
    }
    return Path.of(path);
  }

  private static Optional<String> afterMark(String rest) {
    int mark = rest.lastIndexOf('#');
    return mark < 0 ? Optional.empty() : Optional.of(rest.substring(mark + 1));
  }

  private static InvalidConfiguration unknown(String argument) {
    return new InvalidConfiguration(
        "--data",
        "'"
            + argument
            + "' is none of digits, synthetic:d=32, synthetic:d=32,seed=5, mnist:DIR,"
            + " fashion-mnist:DIR, cifar10:DIR, agnews:DIR, agnews:DIR#d=1024,seed=0, climate:DIR,"
            + " climate:DIR#days=7, csv:FILE, csv:FILE#TARGET_COLUMN, npy:FILE"
            + meant(argument));
  }

  /** A file without the name of its format before it. */
  private static String meant(String argument) {
    return Stream.of("csv", "npy")
        .filter(kind -> argument.matches(".*\\." + kind + "(\\.gz)?"))
        .map(kind -> "; did you mean " + kind + ":" + argument + "?")
        .findFirst()
        .orElse("");
  }
}
