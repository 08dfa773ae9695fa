/**
 * Tables, SVG plots and self-contained HTML reports from plain data.
 *
 * <p>Everything here is an immutable description that renders itself to text; nothing writes a
 * file, reads a clock or depends on the locale, so equal data give equal bytes.
 */
package io.tangentflow.report;
