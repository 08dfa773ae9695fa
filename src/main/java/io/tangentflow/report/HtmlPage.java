package io.tangentflow.report;

import static j2html.TagCreator.a;
import static j2html.TagCreator.b;
import static j2html.TagCreator.body;
import static j2html.TagCreator.button;
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
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.head;
import static j2html.TagCreator.header;
import static j2html.TagCreator.html;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.li;
import static j2html.TagCreator.link;
import static j2html.TagCreator.main;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.nav;
import static j2html.TagCreator.ol;
import static j2html.TagCreator.p;
import static j2html.TagCreator.pre;
import static j2html.TagCreator.rawHtml;
import static j2html.TagCreator.script;
import static j2html.TagCreator.section;
import static j2html.TagCreator.span;
import static j2html.TagCreator.style;
import static j2html.TagCreator.summary;
import static j2html.TagCreator.text;
import static j2html.TagCreator.title;
import static j2html.TagCreator.ul;

import com.fasterxml.jackson.databind.JsonNode;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.commons.codec.digest.DigestUtils;

/** The markup of a report. */
final class HtmlPage {

  /** Fewer sections are found without a table of contents. */
  private static final int LONG = 4;

  private static final String CONFIGURATION = "Configuration and provenance";
  private static final String STYLE = PageResource.PLOT.text() + PageResource.PAGE.text();
  private static final String SCRIPT = PageResource.SCRIPT.text();

  /** Nothing is loaded, and nothing runs but the one script. */
  private static final String POLICY =
      "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src "
          + hash(STYLE)
          + "; script-src "
          + hash(SCRIPT);

  private HtmlPage() {}

  static String render(HtmlReport report) {
    List<DomContent> content = new ArrayList<>();
    int figures = 0;
    int tables = 0;
    for (Section part : report.sections()) {
      content.add(render(part, content.size() + 1, figures, tables));
      figures += part.figures().size();
      tables += part.tables().size();
    }
    return document(
            html(
                    head(
                        meta().withCharset("utf-8"),
                        meta().attr("http-equiv", "Content-Security-Policy").withContent(POLICY),
                        meta()
                            .withName("viewport")
                            .withContent("width=device-width, initial-scale=1"),
                        meta().withName("color-scheme").withContent("light dark"),
                        title(plain(report.title() + ": " + report.subject())),
                        link().withRel("icon").withHref("data:,"),
                        style(rawHtml(STYLE))),
                    body(
                        header(
                            h1(Typeset.sentence(report.title())),
                            p(Typeset.sentence(report.subject())).withClass("subject")),
                        main(
                            section(each(paragraphs(report.findings())))
                                .withClass("summary")
                                .attr("aria-label", "Summary"),
                            iff(report.sections().size() >= LONG, contents(report.sections())),
                            each(content.stream()),
                            section(
                                    h2(CONFIGURATION).withId(id(content.size() + 1)),
                                    each(report.details(), block -> fold(block)))
                                .withClass("configuration")),
                        script(rawHtml(SCRIPT))))
                .withLang("en"))
        + "\n";
  }

  private static String hash(String text) {
    return "'sha256-" + Base64.getEncoder().encodeToString(DigestUtils.sha256(text)) + "'";
  }

  private static String id(int section) {
    return "section-" + section;
  }

  private static DomContent contents(List<Section> sections) {
    List<String> headings =
        Stream.concat(sections.stream().map(Section::heading), Stream.of(CONFIGURATION)).toList();
    return nav(ol(
            each(
                IntStream.range(0, headings.size())
                    .mapToObj(
                        i -> li(a(Typeset.sentence(headings.get(i))).withHref("#" + id(i + 1)))))))
        .attr("aria-label", "Contents");
  }

  private static DomContent render(Section part, int number, int figuresBefore, int tablesBefore) {
    List<DomContent> figures =
        IntStream.range(0, part.figures().size())
            .mapToObj(i -> render(part.figures().get(i), figuresBefore + i + 1))
            .toList();
    return section(
        h2(Typeset.sentence(part.heading())).withId(id(number)),
        each(paragraphs(part.paragraphs())),
        iff(!figures.isEmpty(), div(each(figures.stream())).withClass("figures")),
        each(
            IntStream.range(0, part.tables().size())
                .mapToObj(i -> render(part.tables().get(i), tablesBefore + i + 1))));
  }

  /** Sentences in a row that begin alike, up to a colon, as a list under these words. */
  private static Stream<DomContent> paragraphs(List<String> sentences) {
    List<DomContent> blocks = new ArrayList<>();
    int next;
    for (int i = 0; i < sentences.size(); i = next) {
      String lead = lead(sentences.get(i));
      next = i + 1;
      while (next < sentences.size() && !lead.isEmpty() && lead.equals(lead(sentences.get(next)))) {
        next++;
      }
      if (next == i + 1) {
        blocks.add(p(Typeset.sentence(sentences.get(i))));
      } else {
        blocks.add(p(b(Typeset.sentence(lead))).withClass("lead"));
        blocks.add(
            ul(
                each(
                    sentences.subList(i, next),
                    s -> li(Typeset.sentence(s.substring(lead.length()).strip())))));
      }
    }
    return blocks.stream();
  }

  private static String lead(String sentence) {
    return sentence.substring(0, sentence.indexOf(": ") + 1);
  }

  private static DomContent render(Section.Figure figure, int number) {
    return figure(
        PlotDrawing.inline(figure.plot()),
        figcaption(b("Figure " + number + "."), text(" "), Typeset.sentence(figure.caption())));
  }

  private static DomContent render(Table table, int number) {
    String sentence = table.caption().replaceFirst(":$", ".");
    return each(
        table.html(caption(b("Table " + number + "."), text(" "), Typeset.sentence(sentence))),
        div(
                details(summary("As CSV, exact values"), pre(plain(table.toCsv()))),
                button("Copy CSV")
                    .withType("button")
                    .withClass("copy")
                    .attr("aria-label", "Copy CSV of table " + number)
                    .isHidden(),
                span().attr("role", "status"))
            .withClass("csv"));
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
          ? text(plain(items.stream().map(HtmlPage::value).collect(Collectors.joining(", "))))
          : each(items.stream().map(HtmlPage::tree));
    }
    return text(plain(value(node)));
  }

  private static String value(JsonNode node) {
    return node.isNull() || node.asText().isEmpty() ? "–" : node.asText();
  }

  private static String plain(String text) {
    return SvgTag.printable(text);
  }
}
