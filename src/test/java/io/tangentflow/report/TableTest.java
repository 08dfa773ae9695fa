package io.tangentflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.report.Table.Column;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {

  private static final Table TABLE =
      Table.of("Errors.", Column.left("φ"), Column.right("n"), Column.right("λ"))
          .row(Cell.of("softplus, \"β\" = 1"), Cell.of(64), Cell.measured(0.2649, 0.0238))
          .row(Cell.of("é e\u0301 神経"), Cell.of(2048), Cell.of(1.5e-7, 2));

  @Test
  void textIsAlignedWhateverTheScript() {
    assertEquals("Errors.", TABLE.toText().lines().findFirst().orElseThrow());
    List<String> rows = TABLE.toText().lines().skip(2).toList();
    for (String row : rows) {
      assertEquals(TextMetrics.cells(rows.get(0)), TextMetrics.cells(row), row);
    }
    assertEquals("softplus, \"β\" = 1    64  0.265 ± 0.024", rows.get(2));
    assertEquals("é e\u0301 神経           2048       1.5×10⁻⁷", rows.get(3));
  }

  @Test
  void csvHasExactNumbersAndErrorsApart() {
    assertEquals(
        """
        φ,n,λ,λ error
        "softplus, ""β"" = 1",64,0.2649,0.0238
        é e\u0301 神経,2048,1.5E-7,
        """,
        TABLE.toCsv());
  }

  @Test
  void htmlIsEscaped() throws Exception {
    Table table = Table.of("a < b", Column.left("<h>")).row(Cell.of("x & \"y\"\u0000"));
    String html = table.toHtml();
    assertEquals("div", PlotTest.parse(html).getDocumentElement().getTagName());
    assertTrue(html.contains("&lt;h&gt;") && html.contains("x &amp; "), html);
  }

  @Test
  void htmlSaysWhatNeedsRoom() {
    Table table = Table.of("t", Column.left("name"), Column.right("n"));
    Table tall = table;
    for (int i = 0; i < 31; i++) {
      tall = tall.row(Cell.of("a"), Cell.of(i));
    }
    assertTrue(tall.toHtml().contains("class=\"scroll tall\""), tall.toHtml());
    String long100 = "word ".repeat(20);
    String prose = table.row(Cell.of(long100), Cell.of(1)).toHtml();
    assertTrue(prose.contains("<th scope=\"row\" class=\"prose\">"), prose);
    Table wide = Table.of("t", Collections.nCopies(5, Column.left("x")).toArray(Column[]::new));
    Cell[] texts = Collections.nCopies(5, Cell.of(long100)).toArray(Cell[]::new);
    assertTrue(wide.row(texts).toHtml().contains("class=\"scroll dense wide\""));
  }

  @Test
  void rowsOfAnotherLengthAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> TABLE.row(Cell.of("one")));
    assertThrows(IllegalArgumentException.class, () -> Table.of("none"));
  }
}
