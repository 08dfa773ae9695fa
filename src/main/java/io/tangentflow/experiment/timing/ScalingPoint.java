package io.tangentflow.experiment.timing;

import io.tangentflow.backend.check.Runs;

/**
 * What a job of one size takes.
 *
 * @param value of the size that varies
 * @param runs of the job
 * @param flops of a run, by count
 * @param peakBytes that were held
 * @param bytes that are to be held, by count
 */
public record ScalingPoint(int value, Runs runs, double flops, long peakBytes, double bytes) {}
