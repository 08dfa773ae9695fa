package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command lines that the pages show are ones that the program takes: each is read as {@link
 * Main} reads it. {@link ExecutedCommandsTest} executes them.
 */
class DocumentedCommandsTest {

  /** A value that a reader puts in, where the program expects a number. */
  private static final Pattern PLACEHOLDER = Pattern.compile("\\p{L}|[A-Z]{2,}");

  static List<DocumentedLine> lines() throws IOException {
    return DocumentedLine.all().stream().filter(DocumentedLine::command).toList();
  }

  @ParameterizedTest
  @MethodSource("lines")
  void aLineOfThePagesIsOneThatTheProgramReads(DocumentedLine line) {
    read(line.text(), line.kind() == DocumentedLine.Kind.SPOKEN);
  }

  /** Reads a command line; a placeholder for a number is one. */
  private static void read(String text, boolean spoken) {
    List<String> words = DocumentedLine.words(text);
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
        DocumentedLine.calls("mvn -q package && target/tangentflow/bin/tangentflow quickstart"));
    assertEquals(
        List.of("selftest --backend cuda"),
        DocumentedLine.calls(
            "LD_LIBRARY_PATH=x target/tangentflow/bin/tangentflow selftest --backend cuda"));
    assertEquals(List.of("info --json"), DocumentedLine.calls("tangentflow info --json | jq ."));
    assertEquals(List.of("info"), DocumentedLine.calls("tangentflow info && tangentflow"));
    assertEquals(List.of("info"), DocumentedLine.calls("    tangentflow info > file"));
    assertEquals(List.of(), DocumentedLine.calls("import io.tangentflow.model;"));
  }

  /** Most pages show commands, and most commands are shown. */
  @Test
  void thereAreManyLinesOfAlmostAllCommands() throws IOException {
    List<DocumentedLine> lines = lines();
    Set<String> commands =
        lines.stream()
            .map(line -> DocumentedLine.words(line.text()).get(0))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<Path> pages = lines.stream().map(DocumentedLine::page).collect(Collectors.toSet());
    assertTrue(lines.size() >= 80, lines.size() + " lines");
    assertTrue(pages.size() >= 12, pages + "");
    assertTrue(commands.size() >= 20, commands + "");
  }
}
