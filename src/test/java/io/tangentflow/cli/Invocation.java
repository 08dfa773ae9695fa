package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * A command line that was run.
 *
 * @param code its exit code
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record Invocation(int code, String out, String err) {

  private static final ObjectMapper STRICT =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /** Runs a command in this JVM. */
  static Invocation of(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), words(args));
    return new Invocation(code, out.toString(), err.toString());
  }

  /** Begins a command in a JVM of its own, with these flags. */
  static Process start(List<String> jvmFlags, Path out, Path err, Object... args) {
    return start(commandLine(jvmFlags, args), out, err);
  }

  /** Begins a process. */
  static Process start(List<String> command, Path out, Path err) {
    try {
      return new ProcessBuilder(command)
          .redirectOutput(out.toFile())
          .redirectError(err.toFile())
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Interrupts a command in a JVM of its own, as Ctrl-C does, which ends by that within seconds.
   *
   * @param begun whether it is to be interrupted now
   * @return the lines that it has said
   */
  static List<String> interrupted(
      Path scratch, List<String> jvmFlags, Callable<Boolean> begun, Object... args)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.addAll(commandLine(jvmFlags, args));
    Path err = scratch.resolve("err");
    Process process = start(command, scratch.resolve("out"), err);
    while (process.isAlive() && !begun.call()) {
      Thread.sleep(1);
    }
    new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    List<String> said = Files.readAllLines(err);
    assertEquals(130, process.exitValue(), said.toString());
    return said;
  }

  /** What runs a command in a JVM of its own. */
  static List<String> commandLine(List<String> jvmFlags, Object... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    command.addAll(jvmFlags);
    command.add(Main.class.getName());
    command.addAll(List.of(words(args)));
    return command;
  }

  /** Runs a command in a JVM of its own to its end; what the JVM itself warns of is left out. */
  static Invocation child(Path scratch, List<String> jvmFlags, Object... args) throws Exception {
    return ended(scratch, commandLine(jvmFlags, args));
  }

  /** Runs such a process to its end. */
  static Invocation ended(Path scratch, List<String> command) throws Exception {
    Path out = scratch.resolve("stdout");
    Path err = scratch.resolve("stderr");
    Process process = start(command, out, err);
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the child ends by itself");
    } finally {
      process.destroyForcibly();
    }
    return new Invocation(process.exitValue(), text(out), withoutJvmWarnings(text(err)));
  }

  /** This, whose exit code is as expected. */
  Invocation ended(int expected) {
    assertEquals(expected, code, err);
    return this;
  }

  /** The one JSON object that is all of the standard output. */
  JsonNode json() {
    try {
      JsonNode node = STRICT.readTree(out);
      assertTrue(node.isObject(), out);
      return node;
    } catch (IOException e) {
      throw new AssertionError("not one JSON object: " + out, e);
    }
  }

  private static String[] words(Object... args) {
    String[] words = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      words[i] = args[i].toString();
    }
    return words;
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  private static String withoutJvmWarnings(String err) {
    StringBuilder rest = new StringBuilder();
    err.lines()
        .filter(line -> !line.startsWith("WARNING: "))
        .forEach(line -> rest.append(line).append('\n'));
    return rest.toString();
  }
}
