package io.tangentflow.sweep;

/** Makes the workers of one kind of units. Found as a service, in whichever process. */
public interface WorkerProvider {

  /** The kind of units, of {@link Workload#kind}. */
  String kind();

  /** Opens a worker; it is the caller's. */
  Worker open(Workload workload, Seat seat);
}
