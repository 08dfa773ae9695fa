package io.tangentflow.experiment.timing;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.experiment.PowerLaw;
import io.tangentflow.report.Point;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * How time and memory of a job grow along an axis: the exponent by least squares on logarithms,
 * beside that of the count of FLOPs and of bytes over the same sizes, fitted alike, and beside the
 * exponent of the count's leading term.
 *
 * @param job what was run
 * @param axis what was varied
 * @param points by rising value, three or more
 */
public record ScalingLaw(ScalingJob job, ScalingAxis axis, List<ScalingPoint> points) {

  public ScalingLaw {
    points = List.copyOf(points);
  }

  /** What grows. */
  public enum Quantity {
    /** The best of the runs, beside FLOPs. */
    TIME,
    /** The peak of the workspace, beside bytes. */
    MEMORY;

    double measured(ScalingPoint point) {
      return this == TIME ? point.runs().best() : point.peakBytes();
    }

    double counted(ScalingPoint point) {
      return this == TIME ? point.flops() : point.bytes();
    }

    /** Of what is measured. */
    public String unit() {
      return this == TIME ? "seconds" : "bytes";
    }

    /** As in JSON and names of files. */
    public String key() {
      return this == TIME ? "time" : "memory";
    }
  }

  /** What was measured, against the axis. */
  public List<Point> measured(Quantity quantity) {
    return curve(quantity::measured);
  }

  private List<Point> curve(ToDoubleFunction<ScalingPoint> y) {
    return points.stream().map(p -> new Point(p.value(), y.applyAsDouble(p))).toList();
  }

  /** The law of what was measured. */
  public Optional<PowerLaw> fit(Quantity quantity) {
    return PowerLaw.through(measured(quantity));
  }

  /** The exponent of what is counted, over the same sizes. */
  public double countedExponent(Quantity quantity) {
    return PowerLaw.through(curve(quantity::counted)).orElseThrow().slope();
  }

  /** The exponent of the term that grows fastest. */
  public double leadingExponent(Quantity quantity) {
    return quantity == Quantity.TIME ? job.leadingTimeExponent(axis) : leadingMemoryExponent();
  }

  /** Weights n², features n N Q, and of a Gram N² numbers. */
  private double leadingMemoryExponent() {
    boolean gramOfSamples = job == ScalingJob.NTK && axis == ScalingAxis.SAMPLES;
    return axis == ScalingAxis.WIDTH || gramOfSamples ? 2 : 1;
  }

  /** All of it. */
  public void describe(ObjectNode node) {
    node.put("job", job.key()).put("axis", axis.key());
    for (Quantity quantity : Quantity.values()) {
      ObjectNode law = node.putObject(quantity.key());
      PowerLaw.put(law, "measured", "points", fit(quantity));
      law.put("counted", countedExponent(quantity)).put("leading", leadingExponent(quantity));
    }
    ArrayNode list = node.putArray("points");
    for (ScalingPoint point : points) {
      list.addObject()
          .put(axis.key(), point.value())
          .put("seconds", point.runs().best())
          .put("medianSeconds", point.runs().median())
          .put("flops", point.flops())
          .put("peakBytes", point.peakBytes())
          .put("countedBytes", point.bytes());
    }
  }
}
