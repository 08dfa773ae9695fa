package io.tangentflow.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Java code that pages show. */
final class PageCode {

  private static final Path SOURCES =
      Path.of("src", "test", "java", "io", "tangentflow", "examples");

  private static final String END = "// end";

  private PageCode() {}

  /** The blocks of Java of a page, in its order. */
  static List<String> shown(Path page) throws IOException {
    List<String> shown = new ArrayList<>();
    List<String> block = null;
    for (String line : Files.readAllLines(page)) {
      if (block == null && line.equals("```java")) {
        block = new ArrayList<>();
      } else if (block != null && line.equals("```")) {
        shown.add(String.join("\n", block));
        block = null;
      } else if (block != null) {
        block.add(line);
      }
    }
    return shown;
  }

  /** What stands in a class of this package between marks of that page. */
  static List<String> marked(String type, Path page) throws IOException {
    List<String> regions = new ArrayList<>();
    StringBuilder region = null;
    for (String line : Files.readAllLines(SOURCES.resolve(type + ".java"))) {
      if (line.strip().equals("// " + page)) {
        region = new StringBuilder();
      } else if (region != null && line.strip().equals(END)) {
        regions.add(region.toString().stripTrailing().stripIndent().strip());
        region = null;
      } else if (region != null) {
        region.append(line).append('\n');
      }
    }
    return regions;
  }
}
