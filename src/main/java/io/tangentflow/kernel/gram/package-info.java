/**
 * Gram matrices larger than memory: tiles of a symmetric matrix in a directory, written by several
 * processes, resumable, checked as they are read, and of use as one matrix.
 */
package io.tangentflow.kernel.gram;
