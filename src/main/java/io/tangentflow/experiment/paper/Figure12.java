package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.DepthGaps.Quantity;
import java.util.ArrayList;
import java.util.List;

/** Discretise-then-optimise against optimise-then-discretise, Softplus and ReLU. */
final class Figure12 implements PaperFigure {

  @Override
  public String name() {
    return "fig12";
  }

  @Override
  public String title() {
    return "the two frameworks' outputs and gradients against the depth";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(
        "Discretise-then-optimise is the residual network with its exact gradient;"
            + " optimise-then-discretise the continuous adjoint, solved to 1e-11 (Softplus) and 1e-8"
            + " (ReLU, whose kinks make steps short) in FP64, with T = σu = σw = σv = 1.");
  }

  private static List<DepthGapTask> tasks(Reproduction r, String activation) {
    return r.scale().of(List.of(32, 64), List.of(100, 200, 400), List.of(500, 1000, 2000)).stream()
        .map(width -> DepthGapsOfPaper.task(r, activation, width))
        .toList();
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    List<Task> tasks = new ArrayList<>(tasks(r, "softplus"));
    tasks.addAll(tasks(r, "relu"));
    return tasks;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = new Findings();
    DepthGapsOfPaper gaps = new DepthGapsOfPaper(results);
    List<DepthGapTask> softplus = tasks(r, "softplus");
    List<DepthGapTask> relu = tasks(r, "relu");
    gaps.panel(findings, "12a", softplus, Quantity.OUTPUTS);
    gaps.likeOneOverDepth(findings, "12a", softplus, Quantity.OUTPUTS);
    gaps.panel(findings, "12b", softplus, Quantity.GRADIENT);
    gaps.likeOneOverDepth(findings, "12b", softplus, Quantity.GRADIENT);
    gaps.panel(findings, "12c", relu, Quantity.OUTPUTS);
    gaps.likeOneOverDepth(findings, "12c", relu, Quantity.OUTPUTS);
    gaps.panel(findings, "12d", relu, Quantity.GRADIENT);
    gaps.stalls(findings, "12d", relu, Quantity.GRADIENT);
    relu.forEach(task -> gaps.greatestFall(findings, task, Quantity.GRADIENT));
    return findings;
  }
}
