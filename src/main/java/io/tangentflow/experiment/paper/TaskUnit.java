package io.tangentflow.experiment.paper;

/**
 * A task, named.
 *
 * @param key of {@link TaskLine#key(Task)}
 */
record TaskUnit(String key) {}
