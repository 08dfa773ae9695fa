package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The loss of ten classes and its cotangents. */
@State(Scope.Benchmark)
public class SoftmaxCrossEntropyBenchmark extends EngineBenchmark {

  private static final int CLASSES = 10;

  /** N. */
  @Param({"100", "60000"})
  public int samples;

  private Matrix logits;
  private Matrix targets;
  private Matrix cotangents;

  @Override
  protected void prepare(Engine engine) {
    logits = engine.normal(CLASSES, samples);
    targets = engine.memory().allocate(CLASSES, samples);
    double[] oneHot = new double[CLASSES * samples];
    for (int j = 0; j < samples; j++) {
      oneHot[j * CLASSES + 7 * j % CLASSES] = 1;
    }
    engine.set(targets, oneHot);
    cotangents = engine.memory().allocate(CLASSES, samples);
  }

  /** Times it. */
  @Benchmark
  public double softmaxCrossEntropy(Engine engine) {
    return engine.backend().softmaxCrossEntropy(logits, targets, cotangents);
  }

  /** In FP64 whatever the precision; the cotangents are rounded once. */
  @Override
  protected void check(Engine engine) {
    double actual = softmaxCrossEntropy(engine);
    double[] f = engine.values(logits);
    double[] t = engine.values(targets);
    double[] p = new double[f.length];
    double loss = 0;
    for (int j = 0; j < samples; j++) {
      double sum = 0;
      for (int o = j * CLASSES; o < (j + 1) * CLASSES; o++) {
        sum += Math.exp(f[o]);
      }
      for (int o = j * CLASSES; o < (j + 1) * CLASSES; o++) {
        p[o] = Math.exp(f[o]) / sum;
        loss += t[o] * (Math.log(sum) - f[o]);
      }
    }
    double fp64 = Precision.FP64.unitRoundoff();
    Values.require("the loss", loss, actual, 2 * (f.length + 32) * fp64 * loss);
    double bound = 2 * ((CLASSES + 32) * fp64 + engine.roundoff());
    Values.require("p − t", engine.values(cotangents), i -> p[i] - t[i], i -> bound);
  }
}
