package io.tangentflow.spectrum;

import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.model.DenseMatrix;

/**
 * What is known of the definiteness of a Gram matrix whose entries are known to within errors. It
 * is as good as the error estimates that it is given.
 *
 * @param order N
 * @param least λ_min
 * @param greatest λ_max
 */
public record GramCertificate(int order, CertifiedEigenvalue least, CertifiedEigenvalue greatest) {

  /**
   * The certificate of a symmetric matrix; of its entries only the lower triangle is read.
   *
   * @param evaluationError of an entry as a function of its inputs' inner products
   * @param inputError of an entry, from the rounding of those inner products
   * @throws KernelNotPositive if λ_min is negative by more than its error bound
   */
  public static GramCertificate of(DenseMatrix gram, double evaluationError, double inputError) {
    int n = gram.rows();
    VerifiedEigenvalue least = VerifiedEigenvalue.least(gram);
    VerifiedEigenvalue greatest = VerifiedEigenvalue.greatest(gram);
    double evaluation = n * evaluationError;
    double inputs = n * inputError;
    GramCertificate certificate =
        new GramCertificate(
            n,
            new CertifiedEigenvalue(least.value(), evaluation, inputs, least.bound()),
            new CertifiedEigenvalue(greatest.value(), evaluation, inputs, greatest.bound()));
    if (certificate.least.upper() < 0) {
      throw new KernelNotPositive(least.value(), certificate.least.bound());
    }
    return certificate;
  }

  /** Whether λ_min exceeds its error bound; if not, nothing is decided. */
  public boolean positiveDefinite() {
    return least.lower() > 0;
  }

  /** 2/λ_max: gradient descent on ½‖f − y‖², linearised, is stable below it. */
  public double greatestStableLearningRate() {
    return 2 / greatest.value();
  }

  /** 2/(λ_max + bound): stable whatever the errors are within their bounds. */
  public double safeLearningRate() {
    return 2 / greatest.upper();
  }
}
