package io.tangentflow.data;

import io.tangentflow.model.DenseMatrix;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The class of each sample.
 *
 * @param count how many classes there are, of which a subset need not have all
 * @param labels N numbers, 0 … count − 1; the array is shared, not copied
 */
@API(status = Status.STABLE, since = "0.1")
@SuppressWarnings("ArrayRecordComponent") // Labels are data; equality is never asked of them.
public record Classes(int count, int[] labels) {

  public Classes {
    for (int label : labels) {
      if (label < 0 || label >= count) {
        throw new IllegalArgumentException("label " + label + " is not below " + count);
      }
    }
  }

  /** {@return targets of shape count×N: column i is the unit vector of sample i's label} */
  public DenseMatrix oneHot() {
    DenseMatrix targets = DenseMatrix.zeros(count, labels.length);
    for (int i = 0; i < labels.length; i++) {
      targets.set(labels[i], i, 1);
    }
    return targets;
  }

  Classes select(int[] samples) {
    int[] selected = new int[samples.length];
    for (int i = 0; i < samples.length; i++) {
      selected[i] = labels[samples[i]];
    }
    return new Classes(count, selected);
  }
}
