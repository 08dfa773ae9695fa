package io.tangentflow.benchmarks;

import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A benchmark that computes a value which is known otherwise. It is checked before it is timed, and
 * again after, when the compiler has made of the code what was timed.
 */
public abstract class EngineBenchmark extends Timed {

  /** Allocates and fills what is computed with. */
  protected abstract void prepare(Engine engine);

  /**
   * Restores the operands, computes once, and compares with another computation.
   *
   * @throws WrongValue if it differs by more than rounding
   */
  protected abstract void check(Engine engine);

  /** Before all iterations. */
  @Setup
  public void setUp(Engine engine) {
    prepare(engine);
    check(engine);
  }

  /** After all iterations. The backend is closed here, as JMH would close it before the check. */
  @TearDown
  public void tearDown(Engine engine) {
    try {
      check(engine);
    } finally {
      engine.close();
    }
  }
}
