package io.tangentflow.experiment.paper;

import java.util.ArrayList;
import java.util.List;

/** Training on AG News. */
final class Figure10 extends CorpusFigure {

  Figure10() {
    super(10, Corpus.AG_NEWS);
  }

  @Override
  public List<String> choices(Reproduction r) {
    List<String> choices = new ArrayList<>(super.choices(r));
    choices.add(
        "Texts are hashed TF-IDF features of words and word pairs; the paper does not say its own.");
    return choices;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = super.findings(r, results);
    faster(findings, r, results, "softplus", "relu");
    faster(findings, r, results, "relu", "gelu");
    return findings;
  }
}
