package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.ConvergenceAssumptions.Assumption;
import io.tangentflow.experiment.ConvergenceAssumptions.Status;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.GaussHermiteDual;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.spectrum.CertifiedEigenvalue;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ForkJoinPool;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LimitCertificateTest {

  /** Columns on the sphere ‖x‖² = d. */
  private static DenseMatrix sphere(int d, int n) {
    DenseMatrix x = Parameters.gaussian(d, n, 31, 0);
    for (int j = 0; j < n; j++) {
      double norm = Math.sqrt(dot(x, j, j) / d);
      for (int i = 0; i < d; i++) {
        x.set(i, j, x.get(i, j) / norm);
      }
    }
    return x;
  }

  private static double dot(DenseMatrix x, int i, int j) {
    double sum = 0;
    for (int k = 0; k < x.rows(); k++) {
      sum += x.get(k, i) * x.get(k, j);
    }
    return sum;
  }

  /** Samples (x, y) of the plane. */
  private static DenseMatrix plane(double... coordinates) {
    return new DenseMatrix(2, coordinates.length / 2, coordinates);
  }

  private static DenseMatrix circle(int n) {
    double[] coordinates = new double[2 * n];
    for (int i = 0; i < n; i++) {
      // Golden angles: no two coincide and no two are opposite.
      coordinates[2 * i] = Math.sqrt(2) * Math.cos(2.399963 * i);
      coordinates[2 * i + 1] = Math.sqrt(2) * Math.sin(2.399963 * i);
    }
    return plane(coordinates);
  }

  private static LimitCertificate continuum(StandardActivation phi, DenseMatrix x) {
    return certificate(new NeuralOde(x.rows(), 1, phi), OptionalInt.empty(), x);
  }

  private static LimitCertificate certificate(NeuralOde ode, OptionalInt depth, DenseMatrix x) {
    LimitingKernel kernel =
        depth.isPresent() ? new FiniteDepthLimit(ode, depth.getAsInt()) : new ContinuumLimit(ode);
    Dataset data = new Dataset("x", x, Optional.empty(), Optional.empty(), List.of());
    return LimitCertificate.of(ode, kernel, depth, data, ForkJoinPool.commonPool(), pairs -> {});
  }

  /**
   * The linear network has K = C·XᵀX/d with C = 2B + H in Bessel's series (as {@code
   * ContinuumLimitTest} derives), and XᵀX of scaled orthogonal columns is diagonal: the eigenvalues
   * are C times the squared scales.
   */
  @Test
  void theBoundsHoldTheEigenvaluesOfTheLinearNetwork() {
    double c = 0;
    double term = 1;
    for (int q = 0; q < 40; q++) {
      c += (2 + q) * term;
      term /= (q + 1.0) * (q + 1.0);
    }
    int d = 8;
    DenseMatrix x = DenseMatrix.zeros(d, 5);
    for (int j = 0; j < 5; j++) {
      // Columns of a Hadamard matrix of order 8, of norm √8, times 1/4 … 5/4.
      for (int i = 0; i < d; i++) {
        x.set(i, j, (Integer.bitCount(i & (j + 1)) % 2 == 0 ? 0.25 : -0.25) * (j + 1));
      }
    }
    LimitCertificate certificate = continuum(StandardActivation.IDENTITY, x);
    assertWithin(c / 16, certificate.gram().least());
    assertWithin(c * 25 / 16, certificate.gram().greatest());
    assertEquals(Definiteness.POSITIVE_DEFINITE, certificate.definiteness());
  }

  private static void assertWithin(double expected, CertifiedEigenvalue lambda) {
    assertEquals(expected, lambda.value(), lambda.bound());
    assertTrue(lambda.bound() < 1e-10 * expected, lambda.toString());
  }

  /**
   * At depth 1 the kernel is a formula; with another dual activation (Gauss–Hermite quadrature) and
   * another eigen-solver it has eigenvalues within the bounds. ReLU's quadrature would not do.
   */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "GELU", "SILU", "SINE"})
  void theBoundsHoldTheEigenvaluesOfAnIndependentGram(StandardActivation phi) {
    int n = 20;
    DenseMatrix x = sphere(6, n);
    LimitCertificate certificate = certificate(new NeuralOde(6, 1, phi), OptionalInt.of(1), x);
    DualActivation dual = new GaussHermiteDual(phi, 120);
    double variance = 1 + dual.value(1, 1, 1);
    RealMatrix k = MatrixUtils.createRealMatrix(n, n);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double c = i == j ? 1 : dot(x, i, j) / 6;
        double s = i == j ? variance : c + dual.value(1, 1, c);
        double last = dual.derivative(variance, variance, s);
        double first = last * (1 + dual.derivative(1, 1, c));
        k.setEntry(
            i, j, dual.value(variance, variance, s) + dual.value(1, 1, c) * last + c * first);
      }
    }
    double[] values = new EigenDecomposition(k).getRealEigenvalues();
    Arrays.sort(values);
    CertifiedEigenvalue least = certificate.gram().least();
    CertifiedEigenvalue greatest = certificate.gram().greatest();
    // The other way rounds as much.
    assertEquals(values[0], least.value(), 2 * least.bound());
    assertEquals(values[n - 1], greatest.value(), 2 * greatest.bound());
    assertTrue(least.bound() < 1e-2 * least.value(), least.toString());
  }

  @Test
  void aRepeatedSampleIsSingularForEveryActivation() {
    for (StandardActivation phi : StandardActivation.values()) {
      if (phi == StandardActivation.QUADRATIC) {
        continue; // Blows up before T = 1; see the rank below.
      }
      LimitCertificate certificate = continuum(phi, plane(1, 1, 1.2, -0.4, 1, 1));
      assertEquals(Definiteness.SINGULAR, certificate.definiteness(), phi.label());
      assertEquals("sample 2 repeats sample 0", certificate.singularities().get(0));
      CertifiedEigenvalue least = certificate.gram().least();
      assertEquals(0, least.value(), least.bound(), phi.label());
      assertEquals(1, certificate.mostDependent().orElseThrow().cosine(), 1e-8);
      assertEquals(Status.FAILED, status(certificate, "distinct"));
    }
  }

  /**
   * 1 − ρ = 5·10⁻¹⁹ is lost in ρ, so nothing may be decided. λ_min is scaled down from an angle a
   * million times as wide, by its square, or linearly for the kink of ReLU's kernel.
   */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "TANH", "ERF"})
  void aPairAtDistanceTenToTheMinusNineIsNotDecided(StandardActivation phi) {
    LimitCertificate certificate = continuum(phi, plane(1, 1, 1 + 1e-9, 1 - 1e-9, -1, 0.3));
    assertEquals(Definiteness.UNDECIDED, certificate.definiteness());
    assertTrue(certificate.singularities().isEmpty());
    assertEquals(1e-9, certificate.pairs().closest().orElseThrow().angle(), 1e-15);
    LimitingKernel kernel = new ContinuumLimit(new NeuralOde(2, 1, phi));
    double wide = kernel.pair(1, 1, 1).ntk() - kernel.pair(1, 1, Math.cos(1e-3)).ntk();
    double truth = wide * (phi == StandardActivation.RELU ? 1e-6 : 1e-12);
    CertifiedEigenvalue least = certificate.gram().least();
    assertTrue(least.lower() < truth && truth < least.upper(), truth + " " + least);
  }

  /** Further apart it decides, and what it decides is the two-sample kernel's own formula. */
  @Test
  void aPairAtDistanceTenToTheMinusThreeIsProvenAsFarAsItIsKnown() {
    double angle = 1e-3;
    DenseMatrix x =
        plane(Math.sqrt(2), 0, Math.sqrt(2) * Math.cos(angle), Math.sqrt(2) * Math.sin(angle));
    LimitCertificate certificate = continuum(StandardActivation.SOFTPLUS, x);
    LimitingKernel kernel = new ContinuumLimit(new NeuralOde(2, 1, StandardActivation.SOFTPLUS));
    // λ_min = K(1) − K(ρ) ≈ K'(1)(1 − ρ), K' by a quotient over a longer way, good to 1 %.
    double slope = (kernel.pair(1, 1, 1).ntk() - kernel.pair(1, 1, 0.999).ntk()) / 1e-3;
    CertifiedEigenvalue least = certificate.gram().least();
    assertEquals(Definiteness.POSITIVE_DEFINITE, certificate.definiteness());
    assertEquals(slope * (1 - Math.cos(angle)), least.value(), 1e-2 * least.value());
  }

  @Test
  void antipodesAreSingularForOddActivationsAlone() {
    DenseMatrix x = plane(1, 1, 1.2, -0.4, -1, -1);
    for (StandardActivation phi :
        List.of(StandardActivation.TANH, StandardActivation.ERF, StandardActivation.SINE)) {
      LimitCertificate certificate = continuum(phi, x);
      assertEquals(Definiteness.SINGULAR, certificate.definiteness());
      assertEquals(
          "sample 2 is the negative of sample 0, and " + phi.label() + " is odd",
          certificate.singularities().get(0));
      assertEquals(-1, certificate.mostOpposite().orElseThrow().cosine(), 1e-12);
      CertifiedEigenvalue least = certificate.gram().least();
      assertEquals(0, least.value(), least.bound());
      // The theorem forbids none of it but needs distinct inputs, which they are.
      assertEquals(Status.MET, status(certificate, "distinct"));
    }
    for (StandardActivation phi :
        List.of(StandardActivation.SOFTPLUS, StandardActivation.RELU, StandardActivation.GELU)) {
      LimitCertificate certificate = continuum(phi, x);
      assertEquals(Definiteness.POSITIVE_DEFINITE, certificate.definiteness());
      assertTrue(certificate.mostOpposite().orElseThrow().cosine() > -0.9, phi.label());
    }
  }

  @Test
  void multiplesAreSingularForHomogeneousActivationsAlone() {
    DenseMatrix x = plane(0.1, 0.7, 1.2, -0.4, 3 * 0.1, 3 * 0.7);
    x.set(0, 2, 4 * x.get(0, 0));
    x.set(1, 2, 4 * x.get(1, 0));
    for (StandardActivation phi : List.of(StandardActivation.RELU, StandardActivation.IDENTITY)) {
      LimitCertificate certificate = continuum(phi, x);
      assertEquals(Definiteness.SINGULAR, certificate.definiteness());
      String reason = certificate.singularities().get(0);
      assertTrue(reason.startsWith("sample 2 is a positive multiple of sample 0, "), reason);
      CertifiedEigenvalue least = certificate.gram().least();
      assertEquals(0, least.value(), least.bound());
    }
    assertTrue(continuum(StandardActivation.SOFTPLUS, x).singularities().isEmpty());
    x.set(0, 2, Math.nextUp(x.get(0, 2)));
    assertTrue(continuum(StandardActivation.RELU, x).singularities().isEmpty());
  }

  @Test
  void aSampleOfZerosIsSingularWhereTheActivationIsZeroThere() {
    DenseMatrix x = plane(1, 1, 0, 0, 1.2, -0.4);
    LimitCertificate gelu = continuum(StandardActivation.GELU, x);
    assertEquals(List.of("sample 1 is zero, and so is gelu at 0"), gelu.singularities());
    assertEquals(Definiteness.SINGULAR, gelu.definiteness());
    assertEquals(Status.FAILED, status(gelu, "oneSphere"));
    LimitCertificate softplus = continuum(StandardActivation.SOFTPLUS, x);
    assertEquals(Definiteness.POSITIVE_DEFINITE, softplus.definiteness());
  }

  /** On a circle at depth 1 a quadratic has nine features: nine samples it tells apart, not ten. */
  @Test
  void aQuadraticOfFiniteDepthIsSingularBeyondItsRank() {
    NeuralOde ode = new NeuralOde(2, 1, StandardActivation.QUADRATIC);
    LimitCertificate nine = certificate(ode, OptionalInt.of(1), circle(9));
    assertEquals(Definiteness.POSITIVE_DEFINITE, nine.definiteness());
    assertTrue(nine.rankLimit().isEmpty());
    LimitCertificate ten = certificate(ode, OptionalInt.of(1), circle(10));
    assertEquals(Definiteness.SINGULAR, ten.definiteness());
    assertEquals(9, ten.rankLimit().orElseThrow());
    CertifiedEigenvalue least = ten.gram().least();
    assertEquals(0, least.value(), least.bound());
    assertEquals(Status.FAILED, status(ten, "nonPolynomial"));
    assertEquals(Status.FAILED, status(ten, "lipschitz"));
    assertEquals(Status.MET, status(ten, "derivativeLipschitz"));
  }

  /** The continuum of a quadratic has all powers of ρ, so that twenty samples are told apart. */
  @Test
  void aQuadraticInTheContinuumHasNoSuchRank() {
    NeuralOde ode = new NeuralOde(3, 1, 1, 0.3, 1, 1, 1, StandardActivation.QUADRATIC);
    LimitCertificate certificate = certificate(ode, OptionalInt.empty(), sphere(3, 20));
    assertEquals(Definiteness.POSITIVE_DEFINITE, certificate.definiteness());
    // Nor is it what a depth of one has, whose rank is 25 in three dimensions.
    LimitCertificate more = certificate(ode, OptionalInt.empty(), sphere(3, 30));
    assertTrue(more.rankLimit().isEmpty());
    assertEquals(Definiteness.POSITIVE_DEFINITE, more.definiteness());
    assertEquals(
        Definiteness.SINGULAR, certificate(ode, OptionalInt.of(1), sphere(3, 30)).definiteness());
  }

  @Test
  void theAssumptionsAreThoseOfTheTheoremWithTheirConstants() {
    LimitCertificate softplus = continuum(StandardActivation.SOFTPLUS, circle(5));
    for (String met :
        List.of("lipschitz", "derivativeLipschitz", "nonPolynomial", "distinct", "oneSphere")) {
      assertEquals(Status.MET, status(softplus, met), met);
    }
    assertEquals(Status.NOT_CHECKED, status(softplus, "wideEnough"));
    assertEquals(1, constant(softplus, "lipschitz"));
    assertEquals(0.25, constant(softplus, "derivativeLipschitz"));
    LimitCertificate relu = continuum(StandardActivation.RELU, plane(1, 1, 1.2, -0.4));
    assertEquals(Status.MET, status(relu, "lipschitz"));
    assertEquals(Status.FAILED, status(relu, "derivativeLipschitz"));
    assertEquals(Status.FAILED, status(relu, "oneSphere"));
    assertEquals(2 / 1.6, constant(relu, "oneSphere"), 1e-14);
  }

  @Test
  void aKernelThatVanishesIsRefused() {
    NeuralOde mute = new NeuralOde(2, 1, 1, 1, 1, 1, 0, StandardActivation.SOFTPLUS);
    InvalidConfiguration refusal =
        assertThrows(
            InvalidConfiguration.class, () -> certificate(mute, OptionalInt.empty(), circle(3)));
    assertTrue(refusal.getMessage().startsWith("--sigma-v"), refusal.getMessage());
    refusal =
        assertThrows(
            InvalidConfiguration.class,
            () -> continuum(StandardActivation.RELU, DenseMatrix.zeros(2, 3)));
    assertTrue(refusal.getMessage().startsWith("--data"), refusal.getMessage());
  }

  @Test
  void inputsThatAreNotSeenAreNotToldApart() {
    NeuralOde blind = new NeuralOde(2, 1, 1, 1, 0, 1, 1, StandardActivation.SOFTPLUS);
    LimitCertificate certificate = certificate(blind, OptionalInt.empty(), circle(3));
    assertEquals(Definiteness.SINGULAR, certificate.definiteness());
    assertFalse(certificate.gram().positiveDefinite());
    assertEquals(1, certificate.mostDependent().orElseThrow().cosine(), 1e-12);
  }

  private static Status status(LimitCertificate certificate, String key) {
    return assumption(certificate, key).status();
  }

  private static double constant(LimitCertificate certificate, String key) {
    return assumption(certificate, key).constant().orElseThrow();
  }

  private static Assumption assumption(LimitCertificate certificate, String key) {
    return certificate.assumptions().stream()
        .filter(assumption -> assumption.key().equals(key))
        .findFirst()
        .orElseThrow();
  }
}
