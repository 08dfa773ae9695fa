package io.tangentflow.backend.cpu;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Finds the elementwise kernels: the Vector API's where this JVM has its module, else scalar loops,
 * with the reason.
 *
 * @param kernels what to use
 * @param refusal null, or why it is not the Vector API
 */
record VectorKernelsLookup(Kernels kernels, String refusal) {

  private static final String MODULE = "jdk.incubator.vector";
  private static final String IMPLEMENTATION = "io.tangentflow.backend.cpu.vector.VectorKernels";
  private static final System.Logger LOG = System.getLogger(VectorKernelsLookup.class.getName());
  private static final AtomicBoolean WARNED = new AtomicBoolean();
  private static final VectorKernelsLookup FOUND = lookup();

  static VectorKernelsLookup get() {
    return FOUND;
  }

  /** Says once in this process that scalar loops stand in, and what to do about it. */
  void warnOnce() {
    if (refusal != null && !WARNED.getAndSet(true)) {
      LOG.log(System.Logger.Level.WARNING, "elementwise passes are scalar and slow: " + refusal);
    }
  }

  private static VectorKernelsLookup lookup() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return scalar("this JVM was started without --add-modules " + MODULE);
    }
    try {
      return new VectorKernelsLookup(
          Class.forName(IMPLEMENTATION).asSubclass(Kernels.class).getConstructor().newInstance(),
          null);
    } catch (ReflectiveOperationException | LinkageError e) {
      return scalar("the Vector API of this JVM is not usable (" + e + ")");
    }
  }

  private static VectorKernelsLookup scalar(String refusal) {
    return new VectorKernelsLookup(new ScalarKernels(), refusal);
  }
}
