package io.tangentflow.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Something that a page shows to be executed.
 *
 * @param kind what executes it
 * @param text of a command what follows the program's name, else all of it
 * @param exitCode that the page tells in the comment of a command, else 0
 */
public record DocumentedLine(Path page, int number, Kind kind, String text, int exitCode) {

  /** What executes it. */
  public enum Kind {
    /** The program, in a block of code. */
    COMMAND,
    /**
     * The program, in a sentence, where a command may be named without what it needs and an option
     * without its value.
     */
    SPOKEN,
    /** A shell, in a block of code. */
    SHELL,
    /** Python, a whole block of code. */
    PYTHON
  }

  /** The program, by itself or at its path, and what follows it up to the shell's next word. */
  private static final Pattern CALL =
      Pattern.compile("(?:^|[\\s/])tangentflow((?: (?!&&|\\||>|# )\\S+)*)");

  private static final Set<String> COMMANDS = Main.withCommands("").getSubcommands().keySet();

  private static final Pattern CODE_SPAN = Pattern.compile("`([^`]+)`");

  private static final Pattern EXIT_CODE = Pattern.compile("# .*\\bexit code (\\d+)");

  private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

  /** Settings and changes of directory before a line's program. */
  private static final Pattern BEFORE_PROGRAM =
      Pattern.compile("^(?:export\\s+|[A-Za-z_]+=(?:\"[^\"]*\"|\\S*)(?:\\s+|$)|cd \\S+ && )*");

  private static final Pattern PROGRAM = Pattern.compile("[A-Za-z][\\w.-]*(?:/[\\w.-]+)*");

  @Override
  public String toString() {
    return page + ":" + number + ": " + text;
  }

  /** Of all pages, in their order. */
  static List<DocumentedLine> all() throws IOException {
    List<DocumentedLine> lines = new ArrayList<>();
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
  private static void collect(Path page, List<DocumentedLine> lines) throws IOException {
    List<String> text = Files.readAllLines(page);
    for (int i = 0; i < text.size(); i++) {
      int first = i;
      if (text.get(i).startsWith("```")) {
        String language = text.get(i).substring(3);
        do {
          i++;
        } while (!text.get(i).equals("```"));
        collect(page, first + 2, text.subList(first + 1, i), language, lines);
      } else if (text.get(i).startsWith("    ")) {
        while (i + 1 < text.size() && text.get(i + 1).startsWith("    ")) {
          i++;
        }
        collect(page, first + 1, text.subList(first, i + 1), "", lines);
      } else {
        Matcher span = CODE_SPAN.matcher(text.get(i));
        while (span.find()) {
          String code = span.group(1);
          List<String> found = withoutProgram(code) ? List.of(code) : calls(code);
          found.forEach(
              call -> lines.add(new DocumentedLine(page, first + 1, Kind.SPOKEN, call, 0)));
        }
      }
    }
  }

  private static void collect(
      Path page, int number, List<String> block, String language, List<DocumentedLine> lines) {
    if (language.equals("python")) {
      lines.add(new DocumentedLine(page, number, Kind.PYTHON, String.join("\n", block), 0));
      return;
    }
    boolean shell = language.equals("sh") || (language.isEmpty() && beginsWithProgram(block));
    for (int i = 0; i < block.size(); i++) {
      int at = number + i;
      StringBuilder whole = new StringBuilder(block.get(i).strip());
      while (whole.toString().endsWith("\\")) {
        whole.setLength(whole.length() - 1);
        whole.append(block.get(++i).strip());
      }
      String line = whole.toString();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      Matcher told = EXIT_CODE.matcher(line);
      int exitCode = told.find() ? Integer.parseInt(told.group(1)) : 0;
      calls(line).forEach(c -> lines.add(new DocumentedLine(page, at, Kind.COMMAND, c, exitCode)));
      if (shell && !program(line).matches("#.*|(?:.*/)?tangentflow|")) {
        lines.add(new DocumentedLine(page, at, Kind.SHELL, line, 0));
      }
    }
  }

  /** Whether the first line that is no comment is one of a shell. */
  private static boolean beginsWithProgram(List<String> block) {
    String line =
        block.stream().map(String::strip).filter(l -> !l.startsWith("#")).findFirst().orElse("");
    String program = program(line);
    boolean known =
        program.contains("/")
            || ShellLines.KINDS.containsKey(program)
            || Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    return line.startsWith("export ") || (PROGRAM.matcher(program).matches() && known);
  }

  /** The program of a line of a shell. */
  static String program(String line) {
    String rest = BEFORE_PROGRAM.matcher(line).replaceFirst("");
    int blank = rest.indexOf(' ');
    return blank < 0 ? rest : rest.substring(0, blank);
  }

  /** A command with options, without the name of the program before it. */
  private static boolean withoutProgram(String code) {
    int blank = code.indexOf(' ');
    return blank > 0 && COMMANDS.contains(code.substring(0, blank)) && code.contains(" -");
  }

  /** What follows the program's name wherever a line has it. */
  static List<String> calls(String code) {
    return CALL.matcher(code)
        .results()
        .map(call -> call.group(1).strip())
        .filter(call -> !call.isEmpty())
        .toList();
  }

  /** Of a command line, without quotes. */
  static List<String> words(String text) {
    return WORD.matcher(text)
        .results()
        .map(w -> w.group(1) != null ? w.group(1) : w.group(2) != null ? w.group(2) : w.group())
        .filter(word -> !word.equals("…") && !word.equals("..."))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** Whether it is a line of the program. */
  boolean command() {
    return kind == Kind.COMMAND || kind == Kind.SPOKEN;
  }
}
