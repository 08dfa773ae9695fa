package io.tangentflow.backend.cpu;

/**
 * Softmax cross-entropy on the CPU, column by column, in FP64 whatever the precision. With M = max
 * f and r = Σ e^(f_o − M) over all o but one where f_o = M, the logarithm of the softmax's
 * denominator is M + log(1 + r): what a column that is all but certain loses is not rounded away.
 */
final class CpuSoftmaxCrossEntropy {

  /** Entries of a part: an exponential each, some ten microseconds in all. */
  private static final int GRAIN = 1 << 10;

  private final CpuMatrix logits;
  private final CpuMatrix targets;
  private final CpuMatrix cotangents;
  private final int rows;

  /** Of contiguous matrices of one shape. */
  CpuSoftmaxCrossEntropy(CpuMatrix logits, CpuMatrix targets, CpuMatrix cotangents) {
    this.logits = logits;
    this.targets = targets;
    this.cotangents = cotangents;
    rows = logits.rows();
  }

  /** Writes the cotangents and returns the loss. */
  double run(Parallel parallel) {
    // One number for each column, added up in their order: the same for any number of threads.
    double[] losses = new double[logits.columns()];
    parallel.run(
        losses.length,
        Math.max(1, GRAIN / Math.max(1, rows)),
        (from, to) -> {
          double[] exponentials = new double[rows];
          for (int j = from; j < to; j++) {
            losses[j] = column(j * rows, exponentials);
          }
        });
    double loss = 0;
    for (double part : losses) {
      loss += part;
    }
    return loss;
  }

  private double column(int at, double[] exponentials) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (int o = 0; o < rows; o++) {
      greatest = Math.max(greatest, logits.get(at + o));
    }
    int ties = 0;
    double others = 0;
    double weight = 0;
    double half = 0;
    for (int o = 0; o < rows; o++) {
      double f = logits.get(at + o);
      double t = targets.get(at + o);
      exponentials[o] = Math.exp(f - greatest);
      if (f == greatest) {
        ties++;
      } else {
        others += exponentials[o];
      }
      weight += t;
      // A difference of two finite numbers may be infinite, and 0 · ∞ is NaN; that of halves is
      // not.
      half += t * (0.5 * greatest - 0.5 * f);
    }
    double rest = others + (ties - 1);
    double scale = weight / (1 + rest);
    for (int o = 0; o < rows; o++) {
      cotangents.set(at + o, exponentials[o] * scale - targets.get(at + o));
    }
    return weight * Math.log1p(rest) + 2 * half;
  }
}
