package io.tangentflow.kernel.limit;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.kernel.limit.ContinuumLimit.Judgement;
import io.tangentflow.kernel.limit.TwoTimeBatch.InputPair;
import io.tangentflow.model.DenseMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The limiting kernels of the exact flow of a smooth activation for many pairs at once, on a
 * backend: the pairs whose last two node counts do not agree to rounding go on to more nodes. The
 * error of each is estimated as {@link ContinuumLimit} does. May be used by one thread at a time.
 */
public final class LimitBatch {

  private final ContinuumLimit limit;
  private final List<TwoTimeBatch> levels = new ArrayList<>();

  /**
   * @throws InvalidConfiguration for an activation with a kink, whose kernels these nodes do not
   *     resolve
   */
  public LimitBatch(ContinuumLimit limit) {
    this.limit = limit;
    levels.add(limit.batch(0));
  }

  /**
   * The kernels of those pairs.
   *
   * @param scratch of an FP64 backend; gives what memory it takes, and has it back on return
   * @throws InvalidConfiguration if a kernel does not exist, or takes too many nodes
   */
  public LimitValue[] solve(List<InputPair> pairs, Workspace scratch) {
    LimitValue[] values = new LimitValue[pairs.size()];
    List<Integer> open = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      open.add(i);
    }
    DenseMatrix coarse = kernels(0, pairs, open, scratch);
    for (int level = 1; level < limit.levels() && !open.isEmpty(); level++) {
      DenseMatrix fine = kernels(level, pairs, open, scratch);
      List<Integer> stillOpen = new ArrayList<>();
      List<Integer> columns = new ArrayList<>();
      for (int column = 0; column < open.size(); column++) {
        int i = open.get(column);
        Judgement judgement = judge(level, pairs.get(i), coarse, fine, column);
        values[i] = judgement.value().orElse(null);
        if (!judgement.settled()) {
          stillOpen.add(i);
          columns.add(column);
        }
      }
      coarse = DenseMatrix.zeros(3, columns.size());
      for (int j = 0; j < columns.size(); j++) {
        System.arraycopy(fine.values(), 3 * columns.get(j), coarse.values(), 3 * j, 3);
      }
      open = stillOpen;
    }
    for (LimitValue value : values) {
      if (value == null) {
        throw limit.blowsUp();
      }
    }
    return values;
  }

  private Judgement judge(
      int level, InputPair pair, DenseMatrix coarse, DenseMatrix fine, int column) {
    TwoTimeBatch batch = levels.get(level);
    DualActivation dual = batch.dual();
    Marginal u = batch.atEnd(pair.normSqOverDx());
    Marginal v = batch.atEnd(pair.normSqOverDy());
    double nngp = fine.get(0, column);
    double ntk = fine.get(1, column);
    if (Double.isNaN(fine.get(2, column)) || Double.isNaN(coarse.get(2, column))) {
      return new Judgement(Optional.empty(), false);
    }
    double nngpScale =
        limit.ode.sigmaV()
            * limit.ode.sigmaV()
            * Math.sqrt(dual.value(u, u, u.variance()))
            * Math.sqrt(dual.value(v, v, v.variance()));
    return Judgement.of(
        nngp,
        ntk,
        Math.abs(nngp - coarse.get(0, column)),
        Math.abs(ntk - coarse.get(1, column)),
        nngpScale,
        nngpScale + Math.abs(ntk - nngp),
        limit.relativeError(dual, u, v),
        ContinuumLimit.AGREEMENT);
  }

  /** 3×pairs as of {@link io.tangentflow.backend.Backend#twoTimeKernels}. */
  private DenseMatrix kernels(
      int level, List<InputPair> pairs, List<Integer> which, Workspace scratch) {
    if (level == levels.size()) {
      levels.add(limit.batch(level));
    }
    try (Workspace memory = scratch.scope()) {
      Matrix result = memory.allocate(3, which.size());
      memory
          .backend()
          .twoTimeKernels(
              levels.get(level).equations(which.stream().map(pairs::get).toList(), memory),
              result,
              memory);
      return memory.backend().download(result);
    }
  }
}
