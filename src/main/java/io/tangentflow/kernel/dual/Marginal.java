package io.tangentflow.kernel.dual;

/**
 * What a dual activation needs to know of one centred Gaussian variable alone. It costs a
 * quadrature for some activations and is meant to be reused for every pair that the variable takes
 * part in. Immutable; valid only with the dual activation that made it.
 */
public interface Marginal {

  /** E[u²]. */
  double variance();

  /** √E[u²]. */
  double deviation();
}
