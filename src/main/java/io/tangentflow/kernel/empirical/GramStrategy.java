package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.Locale;

/** The two ways to the same empirical Gram matrix. */
public enum GramStrategy {
  /** Inner products of tangent features, contracted: about 4Q²n FLOPs per pair of samples. */
  STRUCTURED,
  /** Inner products of gradients, formed in panels of rows of W: about 2n² FLOPs per pair. */
  EXPLICIT;

  /** The strategy of that name. */
  public static GramStrategy named(String name) {
    for (GramStrategy s : values()) {
      if (s.toString().equals(name.toLowerCase(Locale.ROOT))) {
        return s;
      }
    }
    throw new InvalidConfiguration(
        "--gram", "must be auto, structured, explicit or compressed, not '" + name + "'");
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
