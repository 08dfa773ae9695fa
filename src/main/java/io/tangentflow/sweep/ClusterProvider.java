package io.tangentflow.sweep;

/**
 * Opens a cluster, and the files that its processes share. Found as a service, once the libraries
 * that it needs are known to be there.
 */
public interface ClusterProvider {

  /** As {@link Clusters#open}. */
  UnitExecutor open(String master, String exchange, String backend, int threads);

  /** As {@link Clusters#exchange}. */
  Exchange exchange(String uri);
}
