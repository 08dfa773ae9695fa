package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.cli.DocumentedLine.Kind;
import io.tangentflow.testing.Reliability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every command line of the pages ends as it says. Those with {@code --backend cuda} and {@code
 * --on} are executed by {@link ExecutedOnDeviceTest} and {@code ExecutedOnClusterTest}; those that
 * {@code .ci/run} has as they stand, by it. What measures, and all figures of a reproduction but
 * the first, are executed where all is tried.
 */
@Tag("reliability")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExecutedCommandsTest {

  private DocumentedRun run;
  private int executed;

  @BeforeAll
  void writeData(@TempDir Path root) throws IOException {
    run = new DocumentedRun(root, null);
  }

  @AfterAll
  void tell() {
    if (Reliability.full()) {
      Reliability.figures("command lines of the pages", executed + " executed here, all as told");
    }
  }

  static List<List<DocumentedLine>> pages() throws IOException {
    return List.copyOf(DocumentedRun.lines("here").values());
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyLineEndsAsThePageSays(List<DocumentedLine> lines) throws IOException {
    boolean python = lines.stream().anyMatch(line -> line.kind() == Kind.PYTHON);
    boolean numpy = python && exitCode("python3", "-c", "import numpy") == 0;
    List<DocumentedLine> possible =
        lines.stream().filter(line -> numpy || line.kind() != Kind.PYTHON).toList();
    assertEquals("", String.join("\n", run.failures(possible)));
    executed += possible.size();
    assumeTrue(numpy || !python, "there is no python3 with NumPy for " + lines.get(0).page());
  }

  @Test
  void aLineThatDoesNotEndAsItSaysIsNamed() throws IOException {
    Path page = Path.of("docs", "none.md");
    List<DocumentedLine> lines = new ArrayList<>();
    for (String text :
        List.of(
            "ntk --activation nonesuch",
            "ntk --data csv:FILE --samples 100 --width 8",
            "predict --gram K.npy --samples 9 --test-samples 0")) {
      lines.add(new DocumentedLine(page, lines.size() + 1, Kind.COMMAND, text, 0));
    }
    lines.add(new DocumentedLine(page, 4, Kind.COMMAND, "ntk --samples 4 --width 8", 5));
    lines.add(new DocumentedLine(page, 5, Kind.COMMAND, "ntk --samples 0", 2));
    List<String> failures = run.failures(lines);
    assertEquals(3, failures.size(), failures + "");
    assertTrue(failures.get(0).startsWith("docs/none.md:1: ntk --activation"), failures.get(0));
    assertTrue(failures.get(0).contains("exit code 2, not 0: tangentflow: "), failures.get(0));
    assertTrue(failures.get(1).contains("docs/none.md:3: "), failures.get(1));
    assertTrue(failures.get(2).contains("exit code 0, not 5"), failures.get(2));
  }

  /** A program that the pages name, and no one executes, is seen here. */
  @Test
  void linesOfOtherProgramsAreExecutedSomewhere() throws IOException {
    Map<String, String> unexecuted = new TreeMap<>();
    for (DocumentedLine line : DocumentedLine.all()) {
      if (line.kind() == Kind.SHELL) {
        ShellLines.Kind kind = ShellLines.KINDS.get(ShellLines.kind(line.text()));
        assertNotNull(kind, "nothing is known to execute " + line);
        if (kind.like().isEmpty()) {
          unexecuted.put(line.toString(), kind.file());
        } else {
          String file = Files.readString(Path.of(kind.file()));
          assertTrue(file.contains(kind.like()), kind.file() + " has no '" + kind.like() + "'");
        }
      }
    }
    unexecuted.forEach((line, why) -> System.out.println("NOT EXECUTED " + line + ": " + why));
  }

  /** Those that say of themselves whether they agree with what is written. */
  @Test
  void checksInPythonHold() throws IOException {
    List<DocumentedLine> checks =
        DocumentedLine.all().stream()
            .filter(line -> line.kind() == Kind.SHELL)
            .filter(line -> line.text().matches("python3 .* --(check|selftest)\\b.*"))
            .toList();
    assertTrue(checks.size() >= 3, checks + "");
    assumeTrue(Reliability.full(), "checks of tables in Python take minutes: profile reliability");
    for (DocumentedLine check : checks) {
      String line = check.text().replaceFirst("\\s+#.*", "");
      assertEquals(0, exitCode(line.split(" ", -1)), check.toString());
    }
  }

  private static int exitCode(String... command) throws IOException {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      if (command[0].equals("python3")) {
        return -1; // It is not there.
      }
      throw e;
    }
  }
}
