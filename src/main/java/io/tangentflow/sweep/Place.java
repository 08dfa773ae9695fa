package io.tangentflow.sweep;

import java.util.Objects;

/**
 * Where something was computed.
 *
 * @param executor the process: {@value #HERE}, or its number on a cluster
 * @param host the name of its machine; empty of this process
 * @param device as {@link Manifest#device} has it
 */
public record Place(String executor, String host, String device) {

  public Place {
    Objects.requireNonNull(executor);
    Objects.requireNonNull(host);
    Objects.requireNonNull(device);
  }

  /** The process that the run directory is open in. */
  public static final String HERE = "here";

  /** The process in words. */
  public String process() {
    return host.isEmpty() ? executor : executor + " on " + host;
  }
}
