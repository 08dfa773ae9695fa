/**
 * Dual activations: the expectations E[φ(u)φ(v)] and E[φ'(u)φ'(v)] over centred Gaussian pairs, out
 * of which the infinite-width limits are made.
 */
package io.tangentflow.kernel.dual;
