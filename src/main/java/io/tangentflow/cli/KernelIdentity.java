package io.tangentflow.cli;

import io.tangentflow.data.Dataset;
import io.tangentflow.data.Provenance;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What determines the entries of a kernel, by name and in words, to be compared. */
final class KernelIdentity {

  private static final int CHUNK = 1 << 13;

  private final Map<String, String> fields = new LinkedHashMap<>();

  KernelIdentity with(String name, Object value) {
    fields.put(name, value.toString());
    return this;
  }

  KernelIdentity with(String name, Enum<?> value) {
    return with(name, value.name().toLowerCase(Locale.ROOT));
  }

  /** A network, but for its outputs and its parameters. */
  KernelIdentity with(NeuralOde model) {
    return with("activation", model.activation().label())
        .with("width", model.width())
        .with("inputDim", model.inputDim())
        .with("horizon", model.horizon())
        .with("sigmaU", model.sigmaU())
        .with("sigmaW", model.sigmaW())
        .with("sigmaV", model.sigmaV());
  }

  /** The samples: how they were chosen, out of which bytes, and the numbers themselves. */
  KernelIdentity with(DataOptions options, Dataset dataset) {
    with("samples", dataset.samples())
        .with("dataSeed", options.seed)
        .with("normalise", options.normalise);
    int file = 0;
    for (Provenance read : dataset.provenance()) {
      with("dataFileSha256-" + file++, read.sha256());
    }
    return with("inputsSha256", sha256(dataset.inputs()));
  }

  Map<String, String> fields() {
    return fields;
  }

  private static String sha256(DenseMatrix matrix) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      ByteBuffer buffer = ByteBuffer.allocate(CHUNK * Double.BYTES);
      double[] values = matrix.values();
      for (int from = 0; from < values.length; from += CHUNK) {
        int count = Math.min(CHUNK, values.length - from);
        buffer.clear().asDoubleBuffer().put(values, from, count);
        digest.update(buffer.array(), 0, count * Double.BYTES);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
