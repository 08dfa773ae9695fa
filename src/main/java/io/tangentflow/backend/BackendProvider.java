package io.tangentflow.backend;

/** A kind of backend, found by {@link java.util.ServiceLoader}. */
public interface BackendProvider {

  /** The name that {@code --backend} takes. */
  String name();

  /** Providers are tried from the highest rank down. */
  int rank();

  /** Whether {@code --backend} may name one of its devices, as in {@code cuda:1}. */
  default boolean hasDevices() {
    return false;
  }

  /** Whether it can run here and why, without opening it. */
  Usability probe();

  /**
   * Opens it.
   *
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if it does not offer the
   *     options
   */
  Backend open(BackendOptions options);

  /**
   * The answer of a probe.
   *
   * @param reason a sentence: what it runs on, or what is missing and what to do
   */
  record Usability(boolean usable, String reason) {}
}
