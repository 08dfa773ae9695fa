package io.tangentflow.experiment;

import io.tangentflow.spectrum.GramCertificate;

/** What a certificate says of a positive semi-definite Gram matrix. */
public enum Definiteness {
  /** λ_min exceeds its error bound. */
  POSITIVE_DEFINITE("yes"),
  /** λ_min is 0 in exact arithmetic, for a reason that is given. */
  SINGULAR("no"),
  /** λ_min is 0 within its error bound. */
  UNDECIDED("not decided at this precision");

  private final String answer;

  Definiteness(String answer) {
    this.answer = answer;
  }

  /** What the eigenvalues alone say. */
  public static Definiteness of(GramCertificate gram) {
    return gram.positiveDefinite() ? POSITIVE_DEFINITE : UNDECIDED;
  }

  /** To the question whether the kernel is strictly positive definite. */
  public String answer() {
    return answer;
  }
}
