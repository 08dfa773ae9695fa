package io.tangentflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TypesetTest {

  @Test
  void indicesAndExponentsAreSetAsSuchAndNothingElse() {
    assertEquals(
        "λ<sub>min</sub> falls like n<sup>−1/2</sup>.",
        Typeset.html("λ_min falls like n^−1/2.").render());
    assertEquals("L<sup>−0.99 ± 0.02</sup>, 2^k", Typeset.html("L^−0.99 ± 0.02, 2^k").render());
    assertEquals("train_min_loss &lt; n^", Typeset.html("train_min_loss < n^").render());
    assertEquals("", Typeset.html("").render());
  }

  @Test
  void aSentenceDoesNotBreakBesideSigns() {
    assertEquals("0.5\u00A0±\u00A00.1 (95\u00A0%)", Typeset.sentence("0.5 ± 0.1 (95 %)").render());
  }

  /** What is moved down is moved up again by as much: 0.2 of the line's font size. */
  @Test
  void aLineOfADrawingReturnsToItsLevel() {
    assertEquals(
        "λ<tspan dy=\"0.27em\" font-size=\"0.75em\">max</tspan>"
            + "<tspan dy=\"-0.20em\" font-size=\"1.00em\"> of K</tspan>",
        Typeset.svg("λ_max of K").render());
  }
}
