package io.tangentflow.sweep;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * Where a worker sits.
 *
 * @param executor the process: {@link Place#HERE}, or its number on a cluster
 * @param host the name of its machine; empty of this process
 * @param device the ordinal of the device that was given to it alone; empty where it may choose
 * @param exchange with which it shares files with the driver of the run and with other workers
 */
public record Seat(String executor, String host, OptionalInt device, Exchange exchange) {

  private static final String WITH_DEVICES = "cuda";
  private static final Pattern ORDINAL = Pattern.compile(":[0-9]+$");

  /** In the process that a run directory is open in. */
  public static Seat here(Exchange exchange) {
    return new Seat(Place.HERE, "", OptionalInt.empty(), exchange);
  }

  /** The name of a backend, with the device that was given to the worker where that has any. */
  public String backend(String name) {
    return device.isPresent() && name.equals(WITH_DEVICES) ? name + ":" + device.getAsInt() : name;
  }

  /**
   * What a worker that sits here has found. The backend goes by its name alone where the device was
   * given: other workers are given others.
   */
  public Worker.Preparation prepared(Backend backend, MemoryBudget budget) {
    String name =
        device.isPresent() ? ORDINAL.matcher(backend.name()).replaceAll("") : backend.name();
    return new Worker.Preparation(
        name, Manifest.device(backend), Manifest.programVersion(), budget);
  }

  /** What is computed here on that backend. */
  public Place place(Backend backend) {
    return new Place(executor, host, Manifest.device(backend));
  }
}
