package io.tangentflow.data;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Where samples stand in the file that they were drawn from, as its user finds them.
 *
 * @param unit what is counted: lines, from 1, of a CSV file; samples, from 0, of anything else
 * @param numbers N of them; the array is shared, not copied
 */
@SuppressWarnings("ArrayRecordComponent") // Places are data; equality is never asked of them.
public record SamplePlaces(String unit, int[] numbers) {

  /** Samples of these numbers, from 0. */
  static SamplePlaces ofSamples(int[] numbers) {
    return new SamplePlaces("sample", numbers);
  }

  /** As many samples in the order of their source. */
  static SamplePlaces inOrder(int samples) {
    return ofSamples(IntStream.range(0, samples).toArray());
  }

  /** The place of sample j, j from 0, for a sentence. */
  public String of(int sample) {
    return unit + " " + numbers[sample];
  }

  SamplePlaces select(int[] samples) {
    return new SamplePlaces(unit, Arrays.stream(samples).map(j -> numbers[j]).toArray());
  }
}
