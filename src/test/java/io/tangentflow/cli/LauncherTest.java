package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged launcher, with the class data archive that the build made and without. */
@Tag("distribution")
class LauncherTest {

  private static final Path HOME =
      Path.of(System.getProperty("tangentflow.distribution", "target/tangentflow"));

  private static final String ARCHIVE = "lib/tangentflow.jsa";

  private static final String FROM_ARCHIVE = "source: shared objects file (top)";

  /** Without the archive, and all that the compiler can. */
  private static final String PLAIN = "-Xshare:off -XX:TieredStopAtLevel=4";

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "info",
        "info --json",
        "--version",
        "--help",
        "",
        "info --nonsense",
        "no-such-command",
        "limit --norms 1,1 --dot 0.25",
        "ntk --help"
      })
  void theArchiveChangesNothingThatIsSaid(String words) throws Exception {
    requireArchive();
    assertEquals(run(HOME, PLAIN, words), run(HOME, "", words));
  }

  @ParameterizedTest
  @ValueSource(strings = {"info", "--version", "limit --norms 1,1 --dot 0.25"})
  void classesComeFromTheArchive(String words) throws Exception {
    requireArchive();
    run(HOME, "-Xlog:class+load:file=classes.log", words);
    String main =
        Files.readAllLines(directory.resolve("classes.log")).stream()
            .filter(line -> line.contains(" " + Main.class.getName() + " "))
            .findFirst()
            .orElseThrow();
    assertTrue(main.contains(FROM_ARCHIVE), main);
  }

  @ParameterizedTest
  @ValueSource(strings = {"info", "-h", "--help", "-V", "--version"})
  void whatEndsAtOnceIsCompiledOnceOnly(String words) throws Exception {
    String flags = run(HOME, "-XX:+PrintFlagsFinal", words).out();
    assertTrue(flags.matches("(?s).* TieredStopAtLevel +=\\s1\\s.*"), flags);
    assertTrue(flags.matches("(?s).* UseParallelGC +=\\strue\\s.*"), flags);
  }

  /** As the JVM says of one whom the system does not know. */
  @Test
  void aUserWithoutAHomeIsLeftNoDirectory() throws Exception {
    Path temporary = Files.createDirectory(directory.resolve("temporary"));
    String flags = "-Duser.home=? -Djava.io.tmpdir=" + temporary;
    run(HOME, flags, "limit --norms 1,1 --dot 0.25").ended(0);
    assertTrue(run(HOME, flags, "info").out().contains("OpenBLAS (javacpp"));
    assertFalse(Files.exists(directory.resolve("?")));
    try (Stream<Path> left = Files.list(temporary)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void whatComputesIsCompiledAsWellAsCanBe() throws Exception {
    String flags = run(HOME, "-XX:+PrintFlagsFinal", "limit --norms 1,1 --dot 0.25").out();
    assertTrue(flags.matches("(?s).* TieredStopAtLevel +=\\s4\\s.*"), flags);
  }

  @Test
  void aCopyInAnotherPlaceReachedByALinkDoesTheSame() throws Exception {
    Path copy = copy("a place with spaces");
    Path link = directory.resolve("a link");
    Files.createSymbolicLink(link, copy.resolve("bin/tangentflow"));
    assertEquals(run(HOME, PLAIN, "info"), start(link, "", "info"));
  }

  /** As in cron, by ssh and in bare containers. */
  @ParameterizedTest
  @ValueSource(strings = {"LANG=", "LANG=C", "LC_CTYPE=POSIX", "LC_ALL=C"})
  void withoutALocaleNamesMayHaveLettersBeyondAscii(String locale) throws Exception {
    assumeTrue("UTF-8".equals(System.getProperty("sun.jnu.encoding")), "tests have no such names");
    directory = copy("café");
    String[] setting = locale.split("=", -1);
    Path launcher = directory.resolve("bin/tangentflow");
    start(launcher, "", "activation tanh --out größe.svg", Map.of(setting[0], setting[1])).ended(0);
    assertTrue(Files.exists(directory.resolve("größe.svg")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "not an archive"})
  void anArchiveThatIsNoneIsPassedOver(String content) throws Exception {
    Path copy = copy("damaged");
    Files.deleteIfExists(copy.resolve(ARCHIVE));
    Files.writeString(copy.resolve(ARCHIVE), content);
    assertEquals(run(HOME, PLAIN, "info"), run(copy, "", "info"));
  }

  @Test
  void withoutAnArchiveNoneIsAskedFor() throws Exception {
    Path copy = copy("bare");
    Files.deleteIfExists(copy.resolve(ARCHIVE));
    assertEquals(run(HOME, PLAIN, "info"), run(copy, "", "info"));
    String flags = run(copy, "-XX:+PrintCommandLineFlags", "--version").out();
    assertTrue(flags.contains("UseParallelGC"), flags);
    assertFalse(flags.contains("SharedArchiveFile"), flags);
  }

  @Test
  void withoutJavaItSaysSo() throws Exception {
    Path out = directory.resolve("stdout");
    Path err = directory.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(HOME.resolve("bin/tangentflow").toAbsolutePath().toString(), "info")
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("JAVA_HOME", directory.toString());
    assertEquals(2, builder.start().waitFor());
    assertEquals(
        "tangentflow: there is no program "
            + directory
            + "/bin/java; install Java 17 or later, and let JAVA_HOME name it\n",
        Files.readString(err));
    assertEquals("", Files.readString(out));
  }

  private static void requireArchive() {
    assumeTrue(Files.exists(HOME.resolve(ARCHIVE)), "built with -Dexec.skip, so without archive");
  }

  private Path copy(String name) throws IOException {
    Path copy = directory.resolve(name);
    try (Stream<Path> files = Files.walk(HOME)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path target = copy.resolve(HOME.relativize(file).toString());
        Files.copy(file, target);
        assertTrue(target.toFile().setExecutable(Files.isExecutable(file)));
      }
    }
    return copy;
  }

  private Invocation run(Path home, String flags, String words) throws Exception {
    return start(home.resolve("bin/tangentflow"), flags, words);
  }

  private Invocation start(Path launcher, String flags, String words) throws Exception {
    return start(launcher, flags, words, System.getenv());
  }

  /** With no other locale than the environment's. */
  private Invocation start(
      Path launcher, String flags, String words, Map<String, String> environment) throws Exception {
    Path out = directory.resolve("stdout");
    Path err = directory.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(
                Stream.concat(Stream.of(launcher.toAbsolutePath().toString()), split(words))
                    .toList())
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    for (String name : List.of("LC_ALL", "LC_CTYPE", "LANG")) {
      builder.environment().remove(name);
    }
    builder.environment().putAll(environment);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("TANGENTFLOW_OPTS", flags);
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the program ends by itself");
    } finally {
      process.destroyForcibly();
    }
    return new Invocation(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private static Stream<String> split(String words) {
    return words.isEmpty() ? Stream.empty() : Stream.of(words.split(" ", -1));
  }
}
