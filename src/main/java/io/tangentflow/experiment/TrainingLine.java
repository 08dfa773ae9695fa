package io.tangentflow.experiment;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What was seen of a training before one of its steps, or at its end: a line of {@code
 * results.jsonl}, an object of numbers.
 *
 * @param step k, the steps done
 * @param seconds that these steps took, without what was watched
 * @param values what was looked at
 */
public record TrainingLine(long step, double seconds, Map<TrainingQuantity, Double> values) {

  private static final String STEP = "step";
  private static final String SECONDS = "seconds";

  public TrainingLine {
    values = values.isEmpty() ? Map.of() : Collections.unmodifiableMap(new EnumMap<>(values));
  }

  /**
   * Reads a line.
   *
   * @throws IllegalArgumentException if it is none
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static TrainingLine of(Map<String, Double> numbers) {
    Map<TrainingQuantity, Double> values = new EnumMap<>(TrainingQuantity.class);
    numbers.forEach(
        (key, value) -> {
          if (value == null) {
            throw new IllegalArgumentException(key + " is no number");
          }
          if (!key.equals(STEP) && !key.equals(SECONDS)) {
            values.put(
                TrainingQuantity.named(key)
                    .orElseThrow(
                        () -> new IllegalArgumentException("'" + key + "' is not known here")),
                value);
          }
        });
    Double step = numbers.get(STEP);
    Double seconds = numbers.get(SECONDS);
    if (step == null || seconds == null || !(step >= 0) || step != Math.rint(step)) {
      throw new IllegalArgumentException("it lacks its step or seconds");
    }
    return new TrainingLine(step.longValue(), seconds, values);
  }

  /** As it is written. */
  @JsonValue
  Map<String, Number> numbers() {
    Map<String, Number> numbers = new LinkedHashMap<>();
    numbers.put(STEP, step);
    numbers.put(SECONDS, seconds);
    values.forEach((quantity, value) -> numbers.put(quantity.key(), value));
    return numbers;
  }

  /** Empty where it was not looked at. */
  public OptionalDouble value(TrainingQuantity quantity) {
    Double value = values.get(quantity);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }
}
