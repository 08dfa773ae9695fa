package io.tangentflow.experiment;

import java.util.Arrays;
import java.util.Optional;

/** What can be seen of a training at one of its steps. */
public enum TrainingQuantity {
  /** Of the samples of a step, where these are not all, before it. */
  BATCH_LOSS("batchLoss", "loss of the step's batch"),
  /** Of all training samples. */
  TRAIN_LOSS("trainLoss", "training loss"),
  /** The share of training samples whose class is read from their outputs. */
  TRAIN_ACCURACY("trainAccuracy", "training accuracy"),
  /** Of the test samples. */
  TEST_LOSS("testLoss", "test loss"),
  /** As {@link #TRAIN_ACCURACY}, of the test samples. */
  TEST_ACCURACY("testAccuracy", "test accuracy"),
  /** ‖θ_k − θ_0‖ over all parameters that are trained. */
  DISTANCE("distance", "all parameters"),
  /** ‖U_k − U_0‖. */
  DISTANCE_U("distanceU", "U"),
  /** ‖W_k − W_0‖. */
  DISTANCE_W("distanceW", "W"),
  /** ‖V_k − V_0‖. */
  DISTANCE_V("distanceV", "V"),
  /** λ_min of the tangent kernel. */
  LEAST_EIGENVALUE("leastEigenvalue", "λ_min"),
  /** λ_max of the tangent kernel. */
  GREATEST_EIGENVALUE("greatestEigenvalue", "λ_max"),
  /** About how far rounding may have moved either. */
  EIGENVALUE_DOUBT("eigenvalueDoubt", "doubt of λ"),
  /** ‖K_k − K_0‖/‖K_0‖. */
  KERNEL_CHANGE("kernelChange", "change of the kernel"),
  /** ‖f − f'‖/‖f'‖ of the method that trains and another. */
  OUTPUT_GAP("outputGap", "outputs"),
  /** The same of the gradients of the loss. */
  GRADIENT_GAP("gradientGap", "gradient of the loss"),
  /** The loss that descent in the kernel at the start has by this step. */
  PREDICTED_BY_START("predictedByStart", "predicted by the kernel at the start"),
  /** The same in the limiting kernel. */
  PREDICTED_BY_LIMIT("predictedByLimit", "predicted by the limiting kernel"),
  /** What is left of the first loss at Theorem 3's rate. */
  RATE_BOUND("rateBound", "Theorem 3's rate");

  private final String key;
  private final String label;

  TrainingQuantity(String key, String label) {
    this.key = key;
    this.label = label;
  }

  /** Its name in files. */
  public String key() {
    return key;
  }

  /** Its name in legends and tables. */
  public String label() {
    return label;
  }

  static Optional<TrainingQuantity> named(String key) {
    return Arrays.stream(values()).filter(q -> q.key.equals(key)).findFirst();
  }
}
