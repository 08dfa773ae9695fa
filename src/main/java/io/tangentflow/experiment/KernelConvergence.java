package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.experiment.LimitDepthGaps.Kernel;
import io.tangentflow.report.HtmlReport;
import io.tangentflow.report.Json;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Section;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How kernels converge: those of infinite width in the depth, and tangent kernels of networks in
 * the width.
 */
public final class KernelConvergence {

  private final String subject;
  private final LimitDepthConvergence depth;
  private final Optional<KernelWidthConvergence> width;

  /**
   * @param subject the data and scales, for captions
   * @param limits by activation
   * @param networks by activation; empty where none were computed
   * @param networkSubject what the networks are, for captions
   */
  public KernelConvergence(
      String subject,
      List<LimitDepthGaps> limits,
      List<KernelWidthGaps> networks,
      String networkSubject) {
    this.subject = subject;
    depth = new LimitDepthConvergence(subject, limits);
    width =
        networks.isEmpty()
            ? Optional.empty()
            : Optional.of(new KernelWidthConvergence(networkSubject + ", " + subject, networks));
  }

  /** Tables and findings, for a terminal. */
  public String text() {
    String tables =
        depth.table().toText() + width.map(found -> "\n" + found.table().toText()).orElse("");
    return tables + "\n" + String.join("\n", findings());
  }

  /** The findings, one sentence each. */
  public List<String> findings() {
    List<String> sentences = new ArrayList<>(depth.findings());
    width.ifPresent(found -> sentences.addAll(found.findings()));
    return sentences;
  }

  /** The same as one JSON object. */
  public ObjectNode json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("confidence", PowerLaw.CONFIDENCE);
    root.set("depth", depth.json());
    width.ifPresent(found -> root.set("width", found.json()));
    findings().forEach(root.putArray("findings")::add);
    return root;
  }

  /**
   * Writes CSV, JSON, SVG and {@code report.html} into an existing directory.
   *
   * @param provenance what was asked, of which version, on what
   */
  public void write(Path directory, ObjectNode provenance) {
    HtmlReport report =
        HtmlReport.titled("Convergence of kernels in the depth and in the width", subject);
    for (String finding : findings()) {
      report = report.finding(finding);
    }
    report = report.with(depthSection(directory));
    if (width.isPresent()) {
      report = report.with(widthSection(width.get(), directory));
    }
    ObjectNode all = json();
    all.set("provenance", provenance);
    AtomicFile.write(directory.resolve("convergence.json"), Json.text(all) + "\n");
    AtomicFile.write(
        directory.resolve("report.html"), report.details("Provenance", provenance).toHtml());
  }

  private Section depthSection(Path directory) {
    Section section = Section.of("In the depth, at infinite width");
    for (Kernel kernel : Kernel.values()) {
      Optional<Plot> plot = depth.plot(kernel);
      if (plot.isPresent()) {
        section =
            figure(
                section,
                plot.get(),
                "Relative Frobenius distance of the "
                    + kernel
                    + " of the residual network of depth L from that of the Neural ODE, both of"
                    + " infinite width; fits with their 95 % bands.",
                directory.resolve("depth-" + kernel.name().toLowerCase(Locale.ROOT) + ".svg"));
      }
    }
    AtomicFile.write(directory.resolve("depth.csv"), depth.gaps().toCsv());
    return section.table(depth.table()).table(depth.gaps());
  }

  private static Section widthSection(KernelWidthConvergence found, Path directory) {
    Section section =
        figure(
            Section.of("In the width, at one depth"),
            found.networkPlot(),
            "Relative Frobenius distance of one network's tangent kernel from the limit of the same"
                + " depth; geometric mean ± standard error, and fits of logarithms over all networks with"
                + " their 95 % bands. The table has arithmetic means, which are greater.",
            directory.resolve("width-one-network.svg"));
    Optional<Plot> bias = found.biasPlot();
    if (bias.isPresent()) {
      section =
          figure(
              section,
              bias.get(),
              "Relative Frobenius distance of the expected tangent kernel from its limit, the"
                  + " Monte-Carlo noise of the mean taken out, ± standard error; widths at which it is"
                  + " not resolved are left out.",
              directory.resolve("width-bias.svg"));
    }
    AtomicFile.write(directory.resolve("width.csv"), found.widths().toCsv());
    return section.table(found.table()).table(found.widths());
  }

  private static Section figure(Section section, Plot plot, String caption, Path file) {
    AtomicFile.write(file, plot.toSvg());
    return section.figure(plot, caption);
  }
}
