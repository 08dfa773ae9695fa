package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class KernelJsonTest {

  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU"})
  void aKernelIsReadAsItWasWrittenToTheLastBit(StandardActivation phi) {
    DotProductKernel kernel = kernel(phi);
    KernelJson read = KernelJson.of(new KernelJson("some network", kernel).text());
    assertEquals("some network", read.description());
    assertEquals(kernel.scaling(), read.kernel().scaling());
    assertEquals(kernel.argument(), read.kernel().argument());
    assertEquals(kernel.least(), read.kernel().least());
    assertEquals(kernel.greatest(), read.kernel().greatest());
    assertEquals(kernel.ntkError(), read.kernel().ntkError());
    assertEquals(kernel.nngpError(), read.kernel().nngpError());
    assertArrayEquals(kernel.nngp(), read.kernel().nngp());
    assertArrayEquals(kernel.ntk(), read.kernel().ntk());
  }

  private static DotProductKernel kernel(StandardActivation phi) {
    return new FiniteDepthLimit(new NeuralOde(3, 1, phi), 2).onSphere(0.7);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"tangentflow dot-product kernel\" | \"another\" | its 'format' is not",
        "\"version\" : 1 | \"version\" : 2 | it has version 2",
        "\"ONE_NORM\" | \"NO_NORM\" | its 'scaling' is 'NO_NORM'",
        "\"rank\" : 1 | \"rank\" : 3 | no kernel of ONE_NORM",
        "\"rank\" : 1 | \"rank\" : \"one\" | its 'rank' must be a whole number",
        "\"leastNorm\" | \"norm\" | its 'leastNorm' must hold finite numbers",
        "\"nngp\" : [ | \"nngp\" : [ null, | its 'nngp' must hold finite numbers",
        "\"nngp\" : [ | \"nngp\" : [ 1e999, | its 'nngp' must hold finite numbers",
        "\"rank\" : 1 | \"rank\" : 1.9 | its 'rank' must be a whole number",
        "\"ONE_NORM\" | \"CHEBYSHEV\" | no kernel of CHEBYSHEV",
        "\"ntkError\" : | \"ntkError\" : -1, \"other\" : | errors are not negative",
        "\"format\" | format | it is not JSON"
      })
  void aTextThatHoldsNoKernelIsRefusedWithTheReason(String from, String to, String why) {
    String text = new KernelJson("some network", kernel(StandardActivation.SOFTPLUS)).text();
    assertTrue(text.contains(from), text);
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> KernelJson.of(text.replace(from, to)));
    assertTrue(refusal.getMessage().contains(why), refusal.getMessage());
  }

  /** Its square, times two, is a multiple of 2³². */
  @Test
  void aRankBeyondAllCoefficientsIsRefused() {
    String text =
        new KernelJson("some network", kernel(StandardActivation.RELU))
            .text()
            .replace("HOMOGENEOUS", "CHEBYSHEV")
            .replace("\"rank\" : 1", "\"rank\" : 65536");
    assertThrows(IllegalArgumentException.class, () -> KernelJson.of(text));
  }
}
