package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command lines that the pages show are ones that the program takes: each is read as {@link
 * Main} reads it, and not executed. What a line means beyond its options, files that it names and
 * values that are refused later, is not looked at.
 */
class DocumentedCommandsTest {

  /**
   * A command line of a page.
   *
   * @param spoken whether it stands in a sentence, where a command may be named without what it
   *     needs and an option without its value
   */
  record Line(Path page, int number, String text, boolean spoken) {
    @Override
    public String toString() {
      return page + ":" + number + ": " + text;
    }
  }

  /** The program, by itself or at its path, and what follows it up to the shell's next word. */
  private static final Pattern CALL =
      Pattern.compile("(?:^|[\\s/])tangentflow((?: (?!&&|\\||>|# )\\S+)*)");

  private static final Set<String> COMMANDS = Main.withCommands("").getSubcommands().keySet();

  private static final Pattern CODE_SPAN = Pattern.compile("`([^`]+)`");

  private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

  /** A value that a reader puts in, where the program expects a number. */
  private static final Pattern PLACEHOLDER = Pattern.compile("\\p{L}|[A-Z]{2,}");

  static List<Line> lines() throws IOException {
    List<Line> lines = new ArrayList<>();
    for (Path page : pages()) {
      collect(page, lines);
    }
    return lines;
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(Path.of("README.md")));
    try (Stream<Path> docs = Files.walk(Path.of("docs"))) {
      docs.filter(path -> path.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    pages.add(Path.of("benchmarks", "README.md"));
    pages.add(Path.of("cuda-kernels", "README.md"));
    return pages;
  }

  /** Of blocks of code, indented or fenced, and of code within a sentence. */
  private static void collect(Path page, List<Line> lines) throws IOException {
    List<String> text = Files.readAllLines(page);
    boolean fenced = false;
    for (int i = 0; i < text.size(); i++) {
      int number = i + 1;
      String line = text.get(i);
      if (line.startsWith("```")) {
        fenced = !fenced;
      } else if (fenced || line.startsWith("    ")) {
        StringBuilder whole = new StringBuilder(line);
        while (whole.toString().endsWith("\\")) {
          whole.setLength(whole.length() - 1);
          whole.append(text.get(++i).strip());
        }
        if (!whole.toString().strip().startsWith("#")) {
          calls(whole.toString()).forEach(call -> lines.add(new Line(page, number, call, false)));
        }
      } else {
        Matcher span = CODE_SPAN.matcher(line);
        while (span.find()) {
          String code = span.group(1);
          List<String> found = withoutProgram(code) ? List.of(code) : calls(code);
          found.forEach(call -> lines.add(new Line(page, number, call, true)));
        }
      }
    }
  }

  /** A command with options, without the name of the program before it. */
  private static boolean withoutProgram(String code) {
    int blank = code.indexOf(' ');
    return blank > 0 && COMMANDS.contains(code.substring(0, blank)) && code.contains(" -");
  }

  private static List<String> calls(String code) {
    return CALL.matcher(code)
        .results()
        .map(call -> call.group(1).strip())
        .filter(call -> !call.isEmpty())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("lines")
  void aLineOfThePagesIsOneThatTheProgramReads(Line line) {
    read(line.text(), line.spoken());
  }

  /** Reads a command line; a placeholder for a number is one. */
  private static void read(String text, boolean spoken) {
    List<String> words =
        WORD.matcher(text)
            .results()
            .map(w -> w.group(1) != null ? w.group(1) : w.group(2) != null ? w.group(2) : w.group())
            .filter(word -> !word.equals("…") && !word.equals("..."))
            .collect(Collectors.toCollection(ArrayList::new));
    while (!words.isEmpty()) {
      try {
        Main.withCommands(words.get(0)).parseArgs(words.toArray(new String[0]));
        return;
      } catch (UnmatchedArgumentException e) {
        throw e;
      } catch (MissingParameterException e) {
        String last = words.remove(words.size() - 1);
        CommandSpec command = e.getCommandLine().getCommandSpec();
        if (!spoken || (last.startsWith("-") && command.findOption(last) == null)) {
          throw e;
        }
        if (command.name().equals(last)) {
          return;
        }
      } catch (ParameterException e) {
        int at = words.indexOf(e.getValue());
        if (at < 0 || !PLACEHOLDER.matcher(words.get(at)).matches()) {
          throw e;
        }
        words.set(at, "1");
      }
    }
  }

  @Test
  void aLineThatTheProgramDoesNotReadIsNoticed() {
    read("ntk --width N --data mnist:DIR --out FILE", false);
    read("resume DIR", false);
    read("resume", true);
    read("ntk --width", true);
    assertThrows(ParameterException.class, () -> read("ntk --witdh", true));
    assertThrows(ParameterException.class, () -> read("ntk --witdh 100 --depth", true));
    assertThrows(ParameterException.class, () -> read("nkt", true));
    for (String wrong :
        List.of(
            "ntk --witdh 100",
            "nkt --width 100",
            "ntk --width wide",
            "ntk K.npy",
            "resume",
            "gram shrink DIR",
            "ntk --width")) {
      assertThrows(ParameterException.class, () -> read(wrong, false), wrong);
    }
  }

  @Test
  void linesAreFoundWhereverTheyStand() {
    assertEquals(
        List.of("quickstart"),
        calls("mvn -q package && target/tangentflow/bin/tangentflow quickstart"));
    assertEquals(
        List.of("selftest --backend cuda"),
        calls("LD_LIBRARY_PATH=x target/tangentflow/bin/tangentflow selftest --backend cuda"));
    assertEquals(List.of("info --json"), calls("tangentflow info --json | jq ."));
    assertEquals(List.of("info"), calls("tangentflow info && tangentflow"));
    assertEquals(List.of("info"), calls("    tangentflow info > file"));
    assertEquals(List.of(), calls("import io.tangentflow.model;"));
  }

  /** Most pages show commands, and most commands are shown. */
  @Test
  void thereAreManyLinesOfAlmostAllCommands() throws IOException {
    List<Line> lines = lines();
    Set<String> commands =
        lines.stream()
            .map(line -> WORD.matcher(line.text()).results().findFirst().orElseThrow().group())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<Path> pages = lines.stream().map(Line::page).collect(Collectors.toSet());
    assertTrue(lines.size() >= 80, lines.size() + " lines");
    assertTrue(pages.size() >= 12, pages + "");
    assertTrue(commands.size() >= 20, commands + "");
  }
}
