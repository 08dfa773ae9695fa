package io.tangentflow.experiment.paper;

import io.tangentflow.model.DenseMatrix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;

/** How the outputs of a network at one sample depend on each other, over the networks. */
record OutputPairsTask(Draws draws) implements DrawsTask {

  /** Of f_o and f_p, for each pair o &lt; p. */
  static final String CORRELATIONS = "correlation";

  /** Of f_o² and f_p², for each pair o &lt; p. */
  static final String OF_SQUARES = "correlationOfSquares";

  /** Outputs 0 and 1 of the first networks, in standard deviations of all. */
  static final String FIRST = "output0";

  static final String SECOND = "output1";

  /** Points that are drawn. */
  private static final int DRAWN = 400;

  @Override
  public Map<String, List<Double>> compute(Laboratory laboratory) {
    DenseMatrix all = draws.outputs(laboratory, words());
    double[][] f = new double[draws.outputs()][draws.networks()];
    double[][] squares = new double[draws.outputs()][draws.networks()];
    for (int o = 0; o < draws.outputs(); o++) {
      for (int b = 0; b < draws.networks(); b++) {
        f[o][b] = all.get(o, b);
        squares[o][b] = f[o][b] * f[o][b];
      }
    }
    List<Double> correlations = new ArrayList<>();
    List<Double> ofSquares = new ArrayList<>();
    PearsonsCorrelation pearson = new PearsonsCorrelation();
    for (int o = 0; o < draws.outputs(); o++) {
      for (int p = o + 1; p < draws.outputs(); p++) {
        correlations.add(pearson.correlation(f[o], f[p]));
        ofSquares.add(pearson.correlation(squares[o], squares[p]));
      }
    }
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    numbers.put(CORRELATIONS, correlations);
    numbers.put(OF_SQUARES, ofSquares);
    numbers.put(FIRST, drawn(f[0]));
    numbers.put(SECOND, drawn(f[1]));
    return numbers;
  }

  private static List<Double> drawn(double[] f) {
    double deviation = new StandardDeviation().evaluate(f);
    List<Double> some = new ArrayList<>();
    for (int b = 0; b < Math.min(DRAWN, f.length); b++) {
      some.add(f[b] / deviation);
    }
    return some;
  }
}
