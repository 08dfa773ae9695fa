package io.tangentflow.sweep;

import io.tangentflow.backend.MemoryBudget;

/**
 * What all units of a sweep have in common.
 *
 * @param inputDim d, the dimension of the samples
 * @param memory as {@code --memory} takes it; null for what is free
 * @param budget that every process plans with; null for its own
 */
record SweepSetting(
    SweepConfiguration configuration, int inputDim, String memory, MemoryBudget budget) {}
