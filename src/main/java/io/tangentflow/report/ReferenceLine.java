package io.tangentflow.report;

/**
 * A horizontal line across a plot, such as a limit.
 *
 * @param y where it lies on the vertical axis
 */
public record ReferenceLine(String label, double y) {}
