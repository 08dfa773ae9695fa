package io.tangentflow.experiment.paper;

import io.tangentflow.backend.MemoryBudget;

/**
 * What all tasks of a reproduction have in common.
 *
 * @param backend a name or {@code auto}
 * @param memory as {@code --memory} takes it; null for what is free
 * @param budget that every process plans with; null for its own
 * @param directory where tasks keep what their numbers do not hold
 */
record TaskSetting(
    Reproduction reproduction,
    String backend,
    String memory,
    MemoryBudget budget,
    String directory) {}
