package io.tangentflow.cli;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.data.TinyData;
import io.tangentflow.examples.OwnProducts;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.Reliability;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Executes what the pages show, in their order, made small: numbers have a cap, data sets are tiny
 * ones of the same format, and every page has a directory of its own, in which a line finds what
 * those above it have written. What a line reads and none has written is made here.
 */
public final class DocumentedRun {

  /**
   * What a number of an option may be at most; the i-th of a list 2·2ⁱ, of widths and nodes, which
   * rk4 takes four of, 4·2ⁱ.
   */
  private static final Map<String, Integer> CAPS =
      Map.ofEntries(
          entry("--width", 64), // bench takes multiples of it alone
          entry("--widths", 64),
          entry("--depth", 8),
          entry("--depths", 8),
          entry("--network-depth", 4),
          entry("--nodes", 8),
          entry("--samples", 12),
          entry("--test-samples", 4),
          entry("--networks", 6),
          entry("--seeds", 3),
          entry("--steps", 20),
          entry("--epochs", 20),
          entry("--runs", 2),
          entry("--tile", 5));

  /** Of commands that take test samples as well, so that both together are the cap. */
  private static final int TRAINING_SAMPLES = 8;

  /** As many as a table of a limiting kernel pays for. */
  private static final int TABLED_SAMPLES = 48;

  /** Options that are about nothing where this one is given, and are then not added. */
  private static final Map<String, List<String>> WITHOUT =
      Map.of(
          "--norms", List.of("--samples"),
          "--gram", List.of("--samples"),
          "--gradient", List.of("--depth"),
          "--networks=0", List.of("--width", "--network-depth"));

  private static final String MEMORY = "256m";

  /** What a reader puts in for a name that stands for something. */
  private static final Map<String, String> PLACEHOLDERS =
      Map.of("NAME", "tanh", "FIG", "fig4", "SIZE", MEMORY);

  private static final Pattern DATA = Pattern.compile("([a-z0-9-]+):([^#]+)(#.*)?");

  private static final Set<String> DIRECTORIES =
      Set.of("mnist", "fashion-mnist", "cifar10", "agnews");

  private final Path root;
  private final String master;
  private final Map<String, Path> lastOfName = new HashMap<>();
  private final Set<List<String>> done = new HashSet<>();
  private Path page;
  private Path lastRun;
  private int made;

  /**
   * @param root an empty directory for all that is read and written
   * @param master of a cluster, for lines that are computed on one; null where there is none
   */
  public DocumentedRun(Path root, String master) throws IOException {
    this.root = root;
    this.master = master;
    TinyData.write(Files.createDirectory(root.resolve("data")));
  }

  /**
   * What is executed of each page.
   *
   * @param place as {@link #place} tells it
   */
  public static Map<Path, List<DocumentedLine>> lines(String place) throws IOException {
    List<String> ci = Files.readAllLines(Path.of(".ci", "run"));
    return DocumentedLine.all().stream()
        .filter(line -> line.kind() != DocumentedLine.Kind.SHELL)
        .filter(line -> line.kind() != DocumentedLine.Kind.SPOKEN || complete(line))
        .filter(line -> place(line).equals(place))
        .filter(line -> Reliability.full() || !measures(line))
        .filter(
            line ->
                ci.stream()
                    .noneMatch(l -> l.contains("bin/tangentflow " + line.text() + " --quiet")))
        .collect(
            Collectors.groupingBy(DocumentedLine::page, LinkedHashMap::new, Collectors.toList()));
  }

  /** Whether a line of a sentence says all that its command needs. */
  private static boolean complete(DocumentedLine line) {
    List<String> words = DocumentedLine.words(line.text());
    try {
      Main.withCommands(words.get(0)).parseArgs(words.toArray(String[]::new));
      return true;
    } catch (MissingParameterException e) {
      return false;
    } catch (CommandLine.ParameterException e) {
      return true; // A placeholder; that the line is read else is tested beside this.
    }
  }

  /** Where it is computed: {@code cuda}, {@code cluster} or here. */
  private static String place(DocumentedLine line) {
    return line.text().contains("--on ")
        ? "cluster"
        : line.text().contains("--backend cuda") ? "cuda" : "here";
  }

  /** Whether the line measures this machine or checks all of a backend, which takes its time. */
  private static boolean measures(DocumentedLine line) {
    return line.text().matches("(?:bench|selftest)\\b.*");
  }

  /**
   * Executes lines of one page.
   *
   * @return what is wrong, a line for each
   */
  public List<String> failures(List<DocumentedLine> lines) throws IOException {
    lastRun = null;
    lastOfName.clear();
    List<String> failures = new ArrayList<>();
    for (DocumentedLine line : lines) {
      page = Files.createDirectories(root.resolve("pages").resolve(line.page().toString()));
      if (line.kind() == DocumentedLine.Kind.PYTHON) {
        python(line).ifPresent(failures::add);
      } else {
        command(line).ifPresent(failures::add);
      }
    }
    return failures;
  }

  private Optional<String> command(DocumentedLine line) throws IOException {
    List<String> words = DocumentedLine.words(line.text());
    for (String part : shards(words)) {
      List<String> small = small(words, part);
      boolean again = !done.add(small);
      if (again && small.stream().noneMatch(word -> word.contains("/"))) {
        continue; // Reads and writes no file, and has been seen to end as it should.
      }
      Invocation run = withOwnBackends(small);
      if (run.code() != line.exitCode()) {
        return Optional.of(
            "%s: as '%s' it ends with exit code %d, not %d: %s"
                .formatted(line, String.join(" ", small), run.code(), line.exitCode(), run.err()));
      }
    }
    return Optional.empty();
  }

  private Optional<String> python(DocumentedLine line) throws IOException {
    Process process =
        new ProcessBuilder("python3", "-c", line.text())
            .directory(page.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      return process.waitFor() == 0
          ? Optional.empty()
          : Optional.of(line.page() + ":" + line.number() + ": " + output);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Of a line that does one of several parts, all parts. */
  private static List<String> shards(List<String> words) {
    int at = words.indexOf("--shard");
    if (at < 0) {
      return List.of("");
    }
    int parts = Integer.parseInt(words.get(at + 1).substring(words.get(at + 1).indexOf('/') + 1));
    return IntStream.rangeClosed(1, parts).mapToObj(i -> i + "/" + parts).toList();
  }

  private List<String> small(List<String> words, String shard) throws IOException {
    CommandLine command = Main.withCommands(words.get(0));
    List<String> small = new ArrayList<>();
    Set<OptionSpec> given = new HashSet<>();
    int position = 0;
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      CommandSpec spec = command.getCommandSpec();
      OptionSpec option = spec.findOption(word);
      if (option != null) {
        given.add(option);
        small.add(word);
        if (option.arity().max() > 0) {
          i++;
          small.add(
              option.longestName().equals("--shard") ? shard : value(spec, option, words.get(i)));
        }
      } else if (word.equals("WHAT") && !command.getSubcommands().isEmpty()) {
        command = command.getSubcommands().values().iterator().next();
        small.add(command.getCommandName());
      } else if (command.getSubcommands().containsKey(word)) {
        command = command.getSubcommands().get(word);
        small.add(word);
      } else {
        small.add(value(spec, spec.positionalParameters().get(position), word));
        position += spec.positionalParameters().get(position).isMultiValue() ? 0 : 1;
      }
    }
    addDefaults(command.getCommandSpec(), given, small);
    return small;
  }

  /** What has a default that is too much, and a place for a run that names none. */
  private void addDefaults(CommandSpec spec, Set<OptionSpec> given, List<String> small)
      throws IOException {
    Set<String> needless = new HashSet<>();
    for (int i = 0; i + 1 < small.size(); i++) {
      needless.addAll(WITHOUT.getOrDefault(small.get(i), List.of()));
      needless.addAll(WITHOUT.getOrDefault(small.get(i) + "=" + small.get(i + 1), List.of()));
    }
    for (OptionSpec option : spec.options()) {
      String name = option.longestName();
      if (given.contains(option) || needless.contains(name)) {
        continue;
      }
      if (name.equals("--tile") && small.contains("--store")) {
        small.addAll(List.of(name, CAPS.get(name).toString()));
      } else if (name.equals("--out") && String.join("", option.description()).contains("runs/")) {
        lastRun = page.resolve("runs").resolve(small.get(0) + "-" + ++made);
        small.addAll(List.of(name, lastRun.toString()));
      } else if (name.equals("--scale")) {
        small.addAll(List.of(name, "smoke"));
      } else if (CAPS.containsKey(name) && option.defaultValue() != null) {
        String capped = value(spec, option, option.defaultValue());
        if (!capped.equals(option.defaultValue())) {
          small.addAll(List.of(name, capped));
        }
      }
    }
    if (small.get(0).equals("reproduce") && !Reliability.full()) {
      small.removeAll(small.stream().filter(w -> w.matches("fig\\d+")).skip(1).toList());
    }
  }

  private String value(CommandSpec spec, ArgSpec of, String word) throws IOException {
    String name =
        of instanceof OptionSpec option
            ? option.longestName()
            : ((PositionalParamSpec) of).paramLabel();
    if (name.equals("--on")) {
      return master;
    }
    if (name.equals("--scale")) {
      return "smoke";
    }
    if (name.equals("--memory")) {
      return word.matches("\\d{1,2}m") ? word : MEMORY;
    }
    if (name.equals("--data")) {
      return data(word);
    }
    if (of.type().equals(Path.class)) {
      return path(spec.name(), name, word).toString();
    }
    if (CAPS.containsKey(name)) {
      return numbers(spec, of, name, word);
    }
    return word.matches("\\p{L}") ? "2" : PLACEHOLDERS.getOrDefault(word, word);
  }

  private static String numbers(CommandSpec spec, ArgSpec of, String name, String word) {
    int cap = CAPS.get(name);
    if (name.equals("--samples") && spec.findOption("--test-samples") != null) {
      cap = TRAINING_SAMPLES;
    } else if (name.equals("--samples") && spec.findOption("--table-out") != null) {
      cap = TABLED_SAMPLES;
    }
    if (word.matches("\\p{L}")) {
      return Integer.toString(cap);
    }
    if (!word.matches("[\\d,]+") || (of.isMultiValue() && name.equals("--steps"))) {
      return word;
    }
    List<Integer> values = Arrays.stream(word.split(",", -1)).map(Integer::valueOf).toList();
    return values.size() == 1
        ? Integer.toString(Math.min(values.get(0), cap))
        : IntStream.range(0, values.size())
            .map(i -> Math.min(values.get(i), (name.matches("--widths?|--nodes") ? 4 : 2) << i))
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(","));
  }

  private String data(String word) {
    Matcher named = DATA.matcher(word);
    if (!named.matches() || named.group(1).equals("synthetic")) {
      return word;
    }
    String kind = named.group(1);
    Path written = page.resolve(named.group(2));
    Path given =
        root.resolve("data")
            .resolve(
                DIRECTORIES.contains(kind)
                    ? kind
                    : Map.of("climate", "daily-climate", "csv", "data.csv", "npy", "X.npy")
                        .get(kind));
    return kind
        + ":"
        + (Files.exists(written) ? written : given)
        + (named.group(3) == null ? "" : kind.equals("csv") ? "#label" : named.group(3));
  }

  /** A file that was written by a line above, that is to be written, or that is made for it. */
  private Path path(String command, String name, String word) throws IOException {
    boolean placeholder = word.matches("DIR|FILE");
    boolean read = reads(name);
    if (lastOfName.containsKey(word) && (read || name.equals("--store"))) {
      return lastOfName.get(word);
    }
    if (read) {
      Path written = page.resolve(word);
      boolean run = Set.of("resume", "report").contains(command);
      return !placeholder && Files.exists(written)
          ? written
          : run && word.contains("…") && lastRun != null ? lastRun : given(command, name, word);
    }
    Path path =
        placeholder
            ? page.resolve(word + "-" + ++made)
            : page.resolve(word.startsWith("/") ? word.substring(1) : word);
    Files.createDirectories(path.getParent());
    if (!placeholder) {
      lastOfName.put(word, path);
    }
    return path;
  }

  private static boolean reads(String name) {
    return switch (name) {
      case "DIR", "FILE", "--gram", "--table", "--solve", "--data-dir", "--targets-file" -> true;
      case "--cross", "--nngp" -> true;
      default -> false;
    };
  }

  /** An example of what a command reads. */
  private Path given(String command, String name, String word) throws IOException {
    return switch (name) {
      case "--data-dir" -> root.resolve("data");
      case "--gram" -> gram();
      case "--solve" -> {
        Path targets = root.resolve("y.npy");
        Npy.write(targets, new DenseMatrix(12, 1, signs()), ElementType.FP64);
        yield targets;
      }
      default ->
          switch (command) {
            case "resume", "report" -> interrupted();
            case "evaluate" -> network();
            case "spectrum" -> word.equals("DIR") ? store() : gram();
            default -> store();
          };
    };
  }

  private static double[] signs() {
    return IntStream.range(0, 12).mapToDouble(i -> i % 2 == 0 ? 1 : -1).toArray();
  }

  private Path gram() {
    Path file = root.resolve("K.npy");
    if (!Files.exists(file)) {
      Invocation.of(
              "ntk", "--samples", 12, "--width", 64, "--precision", "fp64", "--out", file, "-q")
          .ended(0);
    }
    return file;
  }

  private Path store() {
    Path directory = root.resolve("store");
    if (!Files.exists(directory)) {
      Invocation.of("ntk", "--samples", 12, "--width", 16, "--store", directory, "--tile", 5, "-q")
          .ended(0);
    }
    return directory;
  }

  /** A sweep that was ended after its first networks. */
  private Path interrupted() throws IOException {
    Path run = root.resolve("interrupted-" + ++made);
    Invocation.of("sweep", "--width", "8,16", "--seeds", 2, "--samples", 4, "--out", run, "-q")
        .ended(0);
    Path results = run.resolve("results.jsonl");
    List<String> lines = Files.readAllLines(results);
    assertEquals(4, lines.size());
    Files.write(results, lines.subList(0, 2));
    return run;
  }

  private Path network() throws IOException {
    Path file = root.resolve("networks.json");
    ObjectMapper json = new ObjectMapper();
    JsonNode all =
        json.readTree(
            Path.of("src/main/resources/io/tangentflow/data/reference-networks.json").toFile());
    json.writeValue(file.toFile(), List.of(all.get(0), all.get(1)));
    return file;
  }

  /** Runs it where the backend of docs/extending.md is installed as that page says. */
  private Invocation withOwnBackends(List<String> words) throws IOException {
    if (!words.contains(new OwnProducts().name())) {
      return Invocation.of(words.toArray());
    }
    Path services = Files.createDirectories(root.resolve("own/META-INF/services"));
    Files.writeString(
        services.resolve(BackendProvider.class.getName()), OwnProducts.class.getName() + "\n");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    URL[] own = {root.resolve("own").toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(own, before)) {
      thread.setContextClassLoader(loader);
      return Invocation.of(words.toArray());
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
