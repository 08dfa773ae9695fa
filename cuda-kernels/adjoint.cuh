// Passes over an adjoint of several outputs.
#pragma once

#include "grid.cuh"

/**
 * For each entry of a rows×columns state whose adjoint is rows×(columns·outputs): body(width, e, a, pitch), e
 * being its element in the state and a + o·pitch those in the adjoint, for o < outputs. Vectors must not
 * straddle columns: with outputs > 1 the rows have to be a multiple of their width.
 */
template <int W, class Body>
__device__ __forceinline__ void for_each_adjoint(
    long long rows, long long columns, int outputs, bool vectors, Body body) {
  if (outputs == 1) {
    for_each_element<W>(
        rows * columns, vectors, [&](auto width, long long e) { body(width, e, e, 0LL); });
  } else {
    for_each_entry<W>(
        rows, columns, vectors && rows % W == 0, [&](auto width, long long i, long long j) {
          body(width, i + j * rows, i + j * outputs * rows, rows);
        });
  }
}
