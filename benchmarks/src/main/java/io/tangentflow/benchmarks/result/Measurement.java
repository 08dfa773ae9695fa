package io.tangentflow.benchmarks.result;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What JMH measured of one benchmark with one choice of its parameters.
 *
 * @param benchmark the method with its class
 * @param parameters of it, by their names
 * @param mode of JMH: avgt is the mean time of a call, ss the time of a single one
 * @param unit of the times
 * @param threads that called it
 * @param jvm the virtual machine and its flags, in words
 * @param forks the times of the iterations of each JVM
 */
public record Measurement(
    String benchmark,
    SortedMap<String, String> parameters,
    String mode,
    String unit,
    int threads,
    String jvm,
    List<List<Double>> forks) {

  /** Copies what may be modified. */
  public Measurement {
    parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
    forks = forks.stream().map(List::copyOf).toList();
  }

  /** What tells it from the others of a file. */
  public String key() {
    return benchmark + parameters;
  }

  /** The class and method without their package, and the parameters. */
  public String label() {
    String[] parts = benchmark.split("\\.", -1);
    List<String> words = new ArrayList<>();
    words.add(parts[parts.length - 2] + "." + parts[parts.length - 1]);
    for (Map.Entry<String, String> parameter : parameters.entrySet()) {
      words.add(parameter.getKey() + "=" + parameter.getValue());
    }
    return String.join(" ", words);
  }
}
