package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jcuda.driver.CUresult;
import jcuda.jcublas.cublasStatus;
import org.junit.jupiter.api.Test;

/** What docs/gpu.md says to do about a sentence is about a sentence that the program prints. */
class GpuPageTest {

  private static final Path MAIN = Path.of("src/main/java/io/tangentflow");

  /** Rooms that print about GPUs. */
  private static final List<Path> SOURCES =
      Stream.of("TangentFlowException.java", "backend", "cli", "sweep/spark")
          .map(MAIN::resolve)
          .toList();

  private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

  /** Between two literals of one sentence. */
  private static final Pattern JOINT = Pattern.compile("\"\\s*\\+\\s*\"");

  private static final Pattern FORMAT = Pattern.compile("%[-.,\\d]*[a-z]");

  /** What says that this program is wrong, and not its user's machine. */
  private static final Pattern DEFECT =
      Pattern.compile("new Illegal(?:State|Argument)Exception\\([^;]*;");

  /** What differs from case to case. */
  private static final Pattern GAP = Pattern.compile("\\s*…\\s*");

  private static final Pattern CODE = Pattern.compile("`(CU\\w+) \\((\\d+)\\)`");

  private static String page() throws IOException {
    String page = Files.readString(Path.of("docs", "gpu.md"));
    int begin = page.indexOf("## Troubleshooting");
    return page.substring(begin, page.indexOf("\n## ", begin + 1));
  }

  /** The first cell of each row that quotes a sentence. */
  private static List<String> quotes() throws IOException {
    return page()
        .lines()
        .filter(line -> line.startsWith("| `") && !CODE.matcher(line).find())
        .map(line -> line.substring(3, line.indexOf('`', 3)))
        .toList();
  }

  /** The constant parts of what the sources under a place print. */
  private static List<String> literals(Path place) throws IOException {
    List<String> literals = new ArrayList<>();
    try (Stream<Path> files = Files.walk(place)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        String source = DEFECT.matcher(Files.readString(file)).replaceAll("");
        Matcher literal = LITERAL.matcher(JOINT.matcher(source).replaceAll(""));
        while (literal.find()) {
          Stream.of(FORMAT.split(literal.group(1), -1))
              .map(GpuPageTest::words)
              .forEach(literals::add);
        }
      }
    }
    return literals;
  }

  /** Without what only joins it to the words before. */
  private static String words(String part) {
    return part.replaceAll("^[);, ]+", "").strip();
  }

  @Test
  void eachSentenceOfThePageIsOneOfTheProgram() throws IOException {
    Set<String> printed = new TreeSet<>();
    for (Path source : SOURCES) {
      printed.addAll(literals(source));
    }
    List<String> quotes = quotes();
    for (String quote : quotes) {
      for (String part : GAP.split(quote, -1)) {
        String words = words(part);
        assertTrue(
            printed.stream().anyMatch(text -> text.contains(words)),
            "no source prints '" + words + "' of: " + quote);
      }
    }
    assertTrue(quotes.size() >= 20, quotes.size() + " sentences");
  }

  /** In particular every reason that the probe of the backend gives. */
  @Test
  void eachSentenceOfTheBackendIsOnThePage() throws IOException {
    String page = page();
    Set<String> sentences =
        literals(MAIN.resolve("backend/cuda")).stream()
            .filter(text -> text.matches(".*\\S \\S+ \\S.*"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertTrue(sentences.size() >= 15, sentences + "");
    sentences.removeIf(page::contains);
    assertEquals(Set.of(), sentences);
  }

  @Test
  void codesHaveTheNamesThatThePageGivesThem() throws IOException {
    Matcher code = CODE.matcher(page());
    int found = 0;
    while (code.find()) {
      found++;
      int number = Integer.parseInt(code.group(2));
      assertEquals(
          code.group(1),
          code.group(1).startsWith("CUBLAS")
              ? cublasStatus.stringFor(number)
              : CUresult.stringFor(number));
    }
    assertTrue(found >= 10, found + " codes");
  }
}
