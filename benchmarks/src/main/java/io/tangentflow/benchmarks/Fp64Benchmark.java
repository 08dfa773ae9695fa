package io.tangentflow.benchmarks;

import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The same as {@link EngineBenchmark} of a job that is computed in FP64 only. It is checked before
 * it is timed, and again after, when the compiler has made of the code what was timed.
 */
public abstract class Fp64Benchmark extends Timed {

  /** Allocates and fills what is computed with. */
  protected abstract void prepare(Fp64Engine engine);

  /**
   * Restores the operands, computes once, and compares with another computation.
   *
   * @throws WrongValue if it differs by more than rounding
   */
  protected abstract void check(Fp64Engine engine);

  /** Before all iterations. */
  @Setup
  public void setUp(Fp64Engine engine) {
    prepare(engine);
    check(engine);
  }

  /** After all iterations. The backend is closed here, as JMH would close it before the check. */
  @TearDown
  public void tearDown(Fp64Engine engine) {
    try {
      check(engine);
    } finally {
      engine.close();
    }
  }
}
