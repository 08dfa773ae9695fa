package io.tangentflow.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The style sheets and the script that ship with this package. */
enum PageResource {
  /** Colours, light and dark, and the classes of plots. */
  PLOT("plot.css"),
  /** The page around them. */
  PAGE("page.css"),
  /** What copies a table's CSV. */
  SCRIPT("copy.js");

  private final String text;

  PageResource(String resource) {
    try (InputStream in = PageResource.class.getResourceAsStream(resource)) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + resource + " from the jar", e);
    }
  }

  String text() {
    return text;
  }
}
