package io.tangentflow.experiment.paper;

/**
 * What all tasks of a reproduction have in common.
 *
 * @param backend a name or {@code auto}
 * @param memory as {@code --memory} takes it; null for what is free
 * @param directory where tasks keep what their numbers do not hold
 */
record TaskSetting(Reproduction reproduction, String backend, String memory, String directory) {}
