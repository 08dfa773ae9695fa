package io.tangentflow.data;

import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/** How inputs are scaled before a network sees them. */
@API(status = Status.STABLE, since = "0.1")
public enum Normalisation {
  /**
   * Each sample by itself to ‖x‖² = d, d the dimension: the setting in which limiting kernels are
   * functions of the angle alone. A sample of zeros is an error.
   */
  SPHERE,

  /**
   * Each feature to mean 0 and variance 1 over the N training samples (divided by N, not N − 1),
   * and test samples by the same two numbers; a feature that is constant over the training samples
   * becomes 0 in all.
   */
  STANDARD,

  /**
   * All by one number, so that the greatest |feature| of the training samples is 1; norms stay as
   * different as they are. Test samples may have greater ones; where training samples are all
   * zeros, test samples become so.
   */
  UNIT,

  /** As the data is. */
  NONE
}
