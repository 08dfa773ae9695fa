package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.experiment.KernelPrediction.Row;
import io.tangentflow.experiment.PredictionReport;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.HtmlReport;
import io.tangentflow.report.Json;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Section;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What {@code predict --out} writes, into a directory that is there. */
final class PredictionFiles {

  private PredictionFiles() {}

  /**
   * Writes all of it.
   *
   * @param findings one sentence each
   * @param object what {@code --json} prints, and what was asked
   */
  static void write(
      Path directory, PredictionReport report, List<String> findings, ObjectNode object) {
    for (Row row : report.rows()) {
      String time = row.filter().label();
      write(directory.resolve("train-outputs-" + time + ".npy"), row.trainOutputs());
      write(directory.resolve("test-outputs-" + time + ".npy"), row.testOutputs());
      row.variance()
          .ifPresent(
              variance -> write(directory.resolve("test-variance-" + time + ".npy"), variance));
    }
    AtomicFile.write(directory.resolve("predictions.csv"), report.table().toCsv());
    AtomicFile.write(directory.resolve("predict.json"), Json.text(object) + "\n");
    Section section = Section.of("Predictions");
    Optional<Plot> plot = report.plot();
    if (plot.isPresent()) {
      AtomicFile.write(directory.resolve("loss.svg"), plot.get().toSvg());
      section =
          section.figure(
              plot.get(),
              "Loss per sample of the mean prediction; the dashed line is where training ends, if"
                  + " that was asked for.");
    }
    HtmlReport page = HtmlReport.titled("Predictions of a tangent kernel", report.subject());
    for (String finding : findings) {
      page = page.finding(finding);
    }
    page = page.with(section.table(report.table())).details("Configuration and results", object);
    AtomicFile.write(directory.resolve("report.html"), page.toHtml());
  }

  /** Samples are rows in files. */
  private static void write(Path file, DenseMatrix bySample) {
    Npy.write(file, bySample.transpose(), ElementType.FP64);
  }
}
