package io.tangentflow.report;

import static j2html.TagCreator.b;
import static j2html.TagCreator.body;
import static j2html.TagCreator.caption;
import static j2html.TagCreator.dd;
import static j2html.TagCreator.details;
import static j2html.TagCreator.div;
import static j2html.TagCreator.dl;
import static j2html.TagCreator.document;
import static j2html.TagCreator.dt;
import static j2html.TagCreator.each;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;
import static j2html.TagCreator.footer;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.head;
import static j2html.TagCreator.header;
import static j2html.TagCreator.html;
import static j2html.TagCreator.link;
import static j2html.TagCreator.main;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.p;
import static j2html.TagCreator.pre;
import static j2html.TagCreator.rawHtml;
import static j2html.TagCreator.section;
import static j2html.TagCreator.style;
import static j2html.TagCreator.summary;
import static j2html.TagCreator.text;
import static j2html.TagCreator.title;

import com.fasterxml.jackson.databind.JsonNode;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The markup of a report. */
final class HtmlPage {

  private HtmlPage() {}

  static String render(HtmlReport report) {
    List<DomContent> content = new ArrayList<>();
    int figures = 0;
    int tables = 0;
    for (Section part : report.sections()) {
      content.add(render(part, figures, tables));
      figures += part.figures().size();
      tables += part.tables().size();
    }
    return document(
            html(
                    head(
                        meta().withCharset("utf-8"),
                        meta()
                            .withName("viewport")
                            .withContent("width=device-width, initial-scale=1"),
                        title(plain(report.title())),
                        link().withRel("icon").withHref("data:,"),
                        style(rawHtml(StyleSheet.PLOT.text() + StyleSheet.PAGE.text()))),
                    body(
                        header(
                            h1(plain(report.title())),
                            section(each(report.findings(), f -> p(plain(f))))
                                .withClass("summary")
                                .attr("aria-label", "Summary")),
                        main(each(content.stream())),
                        footer(each(report.details(), block -> fold(block)))
                            .withClass("configuration")))
                .withLang("en"))
        + "\n";
  }

  private static DomContent render(Section part, int figuresBefore, int tablesBefore) {
    List<DomContent> figures =
        IntStream.range(0, part.figures().size())
            .mapToObj(i -> render(part.figures().get(i), figuresBefore + i + 1))
            .toList();
    return section(
        h2(plain(part.heading())),
        each(part.paragraphs(), t -> p(plain(t))),
        figures.isEmpty() ? text("") : div(each(figures.stream())).withClass("figures"),
        each(
            IntStream.range(0, part.tables().size())
                .mapToObj(i -> render(part.tables().get(i), tablesBefore + i + 1))));
  }

  private static DomContent render(Section.Figure figure, int number) {
    return figure(
        PlotDrawing.inline(figure.plot()),
        figcaption(b("Figure " + number + "."), text(" " + plain(figure.caption()))));
  }

  private static DomContent render(Table table, int number) {
    return each(
        table.html(caption(b("Table " + number + "."), text(" " + plain(table.caption())))),
        details(summary("As CSV"), pre(plain(table.toCsv()))).withClass("csv"));
  }

  private static DomContent fold(HtmlReport.Details block) {
    return details(summary(plain(block.heading())), tree(block.tree()));
  }

  /** Objects as definition lists, lists of plain values in one line. */
  private static DomContent tree(JsonNode node) {
    if (node.isObject()) {
      return dl(
          each(
              node.properties().stream()
                  .flatMap(e -> Stream.of(dt(plain(e.getKey())), dd(tree(e.getValue()))))));
    }
    if (node.isArray()) {
      List<JsonNode> items = StreamSupport.stream(node.spliterator(), false).toList();
      return items.stream().noneMatch(JsonNode::isContainerNode)
          ? text(plain(items.stream().map(JsonNode::asText).collect(Collectors.joining(", "))))
          : each(items.stream().map(HtmlPage::tree));
    }
    return text(plain(node.asText()));
  }

  private static String plain(String text) {
    return SvgTag.printable(text).replace(" ± ", "\u00A0±\u00A0");
  }
}
