package io.tangentflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What users of the library may rely on. A type that is marked as stable is so with all its public
 * members, but for those that are marked otherwise and what makes an exception; of any other type,
 * the members that are marked.
 */
class StableApiTest {

  private static final Path AGREED = Path.of("src", "test", "resources", "stable-api.txt");

  private static final Path FOUND = Path.of("target", "stable-api.txt");

  private static final Pattern OWN_TYPE = Pattern.compile("io\\.tangentflow[\\w.$]*");

  /** A row of the table of types: `Name`, `Name.Nested` … | package. */
  private static final Pattern ROW = Pattern.compile("^\\| (`[^|]+) \\| `([\\w.]+)` \\|.*");

  /** The compact constructor of a record, for which the record's own comment speaks. */
  private static final Pattern COMPACT_CONSTRUCTOR = Pattern.compile("public \\w+ \\{");

  private static final String MARK = "@API(status = Status.STABLE";

  private static final Pattern NAME = Pattern.compile("`(\\w+)`");

  /** By their names. */
  private static List<Class<?>> publicClasses() {
    return new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.tangentflow")
            .stream()
            .filter(c -> c.getModifiers().toString().contains("PUBLIC"))
            .sorted((a, b) -> a.getName().compareTo(b.getName()))
            .<Class<?>>map(JavaClass::reflect)
            .toList();
  }

  private static boolean marked(AnnotatedElement element) {
    API api = element.getAnnotation(API.class);
    return api != null && api.status() == Status.STABLE;
  }

  private static <M extends Member & AnnotatedElement> boolean stable(M member, Class<?> of) {
    boolean visible = (member.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0;
    boolean promised = member.isAnnotationPresent(API.class) ? marked(member) : marked(of);
    return visible && !member.isSynthetic() && promised;
  }

  private static boolean ofObject(Method method) {
    return Arrays.stream(Object.class.getMethods())
        .anyMatch(
            own ->
                own.getName().equals(method.getName())
                    && Arrays.equals(own.getParameterTypes(), method.getParameterTypes()));
  }

  private static List<String> membersOf(Class<?> type) {
    boolean failure = Throwable.class.isAssignableFrom(type);
    Stream<String> constructors =
        Arrays.stream(type.getDeclaredConstructors())
            .filter(c -> !failure && stable(c, type))
            .map(Constructor::toGenericString);
    Stream<String> methods =
        Arrays.stream(type.getDeclaredMethods())
            .filter(m -> stable(m, type) && !ofObject(m))
            .filter(m -> !failure || !Modifier.isStatic(m.getModifiers()))
            .map(Method::toGenericString);
    Stream<String> fields =
        Arrays.stream(type.getDeclaredFields())
            .filter(f -> stable(f, type))
            .map(Field::toGenericString);
    return Stream.of(constructors, methods, fields).flatMap(s -> s).sorted().toList();
  }

  private static String kind(Class<?> type) {
    return type.isRecord()
        ? "record"
        : type.isEnum() ? "enum" : type.isInterface() ? "interface" : "class";
  }

  /** Types with something stable, each with its members below it. */
  private static List<String> signatures() {
    List<String> lines = new ArrayList<>();
    for (Class<?> type : publicClasses()) {
      List<String> members = membersOf(type);
      if (marked(type) || !members.isEmpty()) {
        lines.add(kind(type) + " " + type.getName() + (marked(type) ? "" : ", in part"));
        members.forEach(member -> lines.add("  " + member.replace(type.getName() + ".", "")));
      }
    }
    return lines;
  }

  @Test
  void theStableApiIsTheOneThatWasAgreedOn() throws IOException {
    List<String> found = signatures();
    Files.write(FOUND, found);
    assertEquals(
        String.join("\n", Files.readAllLines(AGREED)),
        String.join("\n", found),
        "the stable API has changed. A line that is gone or different breaks its users: it needs a"
            + " new minor version before 1.0 and a new major one after it. If that is meant: cp "
            + FOUND
            + " "
            + AGREED);
  }

  /** What is promised can be used without what is not. */
  @Test
  void stableSignaturesNameStableTypesAlone() {
    List<String> lines = signatures();
    Set<String> named = new TreeSet<>();
    Set<String> types = new TreeSet<>();
    for (String line : lines) {
      Matcher type = OWN_TYPE.matcher(line);
      while (type.find()) {
        named.add(type.group());
      }
      if (!line.startsWith(" ")) {
        types.add(line.split("[ ,]", -1)[1]);
      }
    }
    // The holder of what is marked within it, and members themselves, by their full names.
    named.removeIf(
        name -> types.stream().anyMatch(t -> t.startsWith(name + "$") || within(name, t)));
    assertEquals(Set.of(), named);
    assertTrue(types.size() > 20, types + "");
  }

  private static boolean within(String name, String type) {
    return name.equals(type) || name.startsWith(type + ".");
  }

  /** The page tells of each of them, by its simple name and package. */
  @Test
  void thePageListsTheStableTypes() throws IOException {
    Set<String> shown = new TreeSet<>();
    for (String line : Files.readAllLines(Path.of("docs", "library.md"))) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        Matcher name = NAME.matcher(row.group(1));
        while (name.find()) {
          shown.add(row.group(2) + "." + name.group(1));
        }
      }
    }
    Set<String> stable =
        signatures().stream()
            .filter(line -> !line.startsWith(" "))
            .map(line -> line.split("[ ,]", -1)[1].replaceAll("\\$.*", ""))
            .map(name -> name.replaceFirst("io\\.tangentflow\\.?", ""))
            .map(name -> name.contains(".") ? name : "io.tangentflow." + name)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(stable, shown);
  }

  /**
   * Everything public is said in words, and of what is stable each parameter and result too: by the
   * compiler's checks of comments.
   */
  @Test
  void whatIsPublicIsDocumentedAndWhatIsStableInFull(@TempDir Path directory) throws IOException {
    Set<Path> stable =
        publicClasses().stream()
            .filter(type -> type.getNestHost() == type && marked(type))
            .map(StableApiTest::source)
            .collect(Collectors.toSet());
    Set<String> faults = new TreeSet<>();
    List<Diagnostic<? extends JavaFileObject>> found = diagnostics(directory);
    for (Diagnostic<? extends JavaFileObject> d : found) {
      if (d.getSource() != null) {
        String message = d.getMessage(Locale.ENGLISH);
        Path file = Path.of(d.getSource().toUri());
        String declaration = declaration(file, d.getLineNumber());
        boolean inFull = stable.contains(file) || declaration.startsWith(MARK);
        if ((message.equals("no comment") || inFull)
            && !COMPACT_CONSTRUCTOR.matcher(declaration).matches()) {
          faults.add(file.getFileName() + ":" + d.getLineNumber() + ": " + message);
        }
      }
    }
    assertEquals("", String.join("\n", faults));
    assertTrue(stable.size() > 10, stable + "");
    assertTrue(found.size() > 100, "the rest has its results in its summaries, without tags");
  }

  private static Path source(Class<?> type) {
    return Path.of("src/main/java", type.getName().replace('.', '/') + ".java").toAbsolutePath();
  }

  /** What the comment at that line is about, or the line itself if it is no comment. */
  private static String declaration(Path file, long line) throws IOException {
    return Files.readAllLines(file).stream()
        .skip(line - 1)
        .map(String::strip)
        .dropWhile(text -> text.startsWith("/**") || text.startsWith("*"))
        .findFirst()
        .orElseThrow();
  }

  private static List<Diagnostic<? extends JavaFileObject>> diagnostics(Path directory)
      throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
        Stream<Path> tree = Files.walk(Path.of("src/main/java").toAbsolutePath())) {
      List<Path> sources = tree.filter(file -> file.toString().endsWith(".java")).toList();
      List<String> options =
          List.of(
              "-proc:none",
              "-Xdoclint:all/protected",
              "-Xmaxwarns",
              "100000",
              "--add-modules",
              "jdk.incubator.vector",
              "-d",
              directory.toString(),
              "-cp",
              System.getProperty("java.class.path"));
      assertTrue(
          compiler
              .getTask(
                  null,
                  files,
                  diagnostics,
                  options,
                  null,
                  files.getJavaFileObjectsFromPaths(sources))
              .call(),
          () ->
              diagnostics.getDiagnostics().stream()
                  .filter(d -> d.getKind() == Diagnostic.Kind.ERROR)
                  .toList()
                  .toString());
    }
    return diagnostics.getDiagnostics();
  }
}
