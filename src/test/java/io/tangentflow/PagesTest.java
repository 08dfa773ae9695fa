package io.tangentflow;

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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages lead to what is there. */
class PagesTest {

  /** The target of a link or an image, without the place within it. */
  private static final Pattern LINK = Pattern.compile("]\\(([^)#\\s]+)(?:#[^)]*)?\\)");

  /** A link to a source file, by the name of its class. */
  private static final Pattern CLASS = Pattern.compile("\\[`(\\w+)`]\\(([^)]+)/(\\w+)\\.java\\)");

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (String place : List.of("README.md", "docs", "benchmarks", "cuda-kernels", "docker")) {
      try (Stream<Path> files = Files.walk(Path.of(place))) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
      }
    }
    return pages;
  }

  @Test
  void everyLinkLeadsToAFile() throws IOException {
    Set<String> broken = new TreeSet<>();
    int found = 0;
    for (Path page : pages()) {
      Matcher link = LINK.matcher(Files.readString(page));
      while (link.find()) {
        if (!link.group(1).contains("://")) {
          found++;
          if (!Files.exists(page.resolveSibling(link.group(1)))) {
            broken.add(page + ": " + link.group(1));
          }
        }
      }
    }
    assertEquals(Set.of(), broken);
    assertTrue(found > 150, found + " links");
  }

  @Test
  void aClassThatIsNamedIsTheOneThatIsLinked() throws IOException {
    int found = 0;
    for (Path page : pages()) {
      Matcher link = CLASS.matcher(Files.readString(page));
      while (link.find()) {
        found++;
        assertEquals(link.group(1), link.group(3), page.toString());
      }
    }
    assertTrue(found > 80, found + " classes");
  }

  /** Whoever begins at the README gets to each page. */
  @Test
  void everyPageIsLinkedFromTheReadme() throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    try (Stream<Path> docs = Files.list(Path.of("docs"))) {
      docs.filter(page -> page.toString().endsWith(".md"))
          .forEach(page -> assertTrue(readme.contains("](" + page + ")"), page.toString()));
    }
  }
}
