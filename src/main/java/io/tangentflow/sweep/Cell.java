package io.tangentflow.sweep;

/**
 * One network of a sweep.
 *
 * @param activation its label
 * @param solver its name
 * @param depth L, the number of steps
 * @param width n
 * @param seed of the parameters
 */
public record Cell(String activation, String solver, int depth, int width, long seed) {}
