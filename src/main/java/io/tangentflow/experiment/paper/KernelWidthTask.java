package io.tangentflow.experiment.paper;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.KernelWidthGaps;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How far tangent kernels of one width are from the limiting one, relatively, in FP64; see {@link
 * KernelWidthGaps}.
 *
 * @param depth L of networks and limit
 * @param networks of successive seeds
 * @param seed of the first
 */
record KernelWidthTask(Data data, Model model, int depth, int networks, long seed) implements Task {

  static final String ONE_NETWORK = "oneNetwork";

  /** Only where it is told from Monte-Carlo noise. */
  static final String BIAS = "bias";

  static final String BIAS_ERROR = "biasError";

  @Override
  public String words() {
    return "tangent kernels, " + model.words();
  }

  @Override
  public double operations() {
    return 3 * networks * model.forwardOperations(data.samples(), depth);
  }

  @Override
  public Map<String, List<Double>> compute(Laboratory laboratory) {
    Dataset dataset = laboratory.load(data);
    Backend backend = laboratory.backend(Precision.FP64);
    AtomicInteger done = new AtomicInteger();
    KernelWidthGaps.Row row =
        KernelWidthGaps.measure(
                model.on(dataset.dimension(), 1),
                new KernelWidthGaps.Setting(depth, List.of(model.width()), networks, seed),
                dataset.inputs(),
                backend,
                laboratory.threads(),
                laboratory.budget(backend),
                width -> laboratory.progress(done.incrementAndGet() / (double) networks, words()))
            .byWidth()
            .get(0);
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    numbers.put(ONE_NETWORK, row.errors());
    numbers.put("kernelError", TaskLine.list(row.kernelError()));
    if (row.biasResolved()) {
      numbers.put(BIAS, TaskLine.list(row.bias()));
      numbers.put(BIAS_ERROR, TaskLine.list(row.biasError()));
    }
    return numbers;
  }
}
