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
   * Each feature to mean 0 and variance 1 over the set (divided by N, not N − 1); a feature that is
   * constant over the set becomes 0.
   */
  STANDARD,

  /**
   * All by one number, so that the greatest |feature| is 1; norms stay as different as they are.
   */
  UNIT,

  /** As the data is. */
  NONE
}
