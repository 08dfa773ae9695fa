/**
 * The kernels of a Neural ODE at infinite width, NNGP and NTK: at finite Euler depth and in the
 * continuum.
 */
package io.tangentflow.kernel.limit;
