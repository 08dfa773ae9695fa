// Grid-stride loops in 64-bit indices: correct for any number of blocks of any size.
#pragma once

#include "scalar.cuh"

/** How many numbers a body handles at once, as a type. */
template <int W>
struct Width {
  static constexpr int value = W;
};

__device__ __forceinline__ long long grid_thread() {
  return (long long)blockIdx.x * blockDim.x + threadIdx.x;
}

__device__ __forceinline__ long long grid_threads() { return (long long)gridDim.x * blockDim.x; }

/**
 * body(Width<W>, i) for elements i … i + W − 1, or body(Width<1>, i) for the tail and wherever operands do
 * not allow vectors.
 */
template <int W, class Body>
__device__ __forceinline__ void for_each_element(long long count, bool vectors, Body body) {
  const long long stride = grid_threads();
  const long long whole = vectors ? count / W : 0;
  for (long long v = grid_thread(); v < whole; v += stride) {
    body(Width<W>(), v * W);
  }
  for (long long i = whole * W + grid_thread(); i < count; i += stride) {
    body(Width<1>(), i);
  }
}

/** Position (row, column) in a matrix of units, moved on by a fixed number of units without division. */
class MatrixCursor {
 public:
  __device__ __forceinline__ MatrixCursor(long long rows, long long start, long long stride)
      : rows_(rows),
        row_(start % rows),
        column_(start / rows),
        rowStride_(stride % rows),
        columnStride_(stride / rows) {}

  __device__ __forceinline__ long long row() const { return row_; }
  __device__ __forceinline__ long long column() const { return column_; }

  __device__ __forceinline__ void advance() {
    row_ += rowStride_;
    column_ += columnStride_;
    if (row_ >= rows_) {
      row_ -= rows_;
      column_++;
    }
  }

 private:
  long long rows_, row_, column_, rowStride_, columnStride_;
};

/**
 * body(Width<W>, i, j) for entries (i … i + W − 1, j) of a matrix, or body(Width<1>, i, j) for the last rows
 * and wherever operands do not allow vectors.
 */
template <int W, class Body>
__device__ __forceinline__ void for_each_entry(
    long long rows, long long columns, bool vectors, Body body) {
  if (rows <= 0 || columns <= 0) {
    return;
  }
  const long long units = vectors ? (rows + W - 1) / W : rows;
  for (MatrixCursor at(units, grid_thread(), grid_threads()); at.column() < columns; at.advance()) {
    if (!vectors) {
      body(Width<1>(), at.row(), at.column());
    } else if (at.row() * W + W <= rows) {
      body(Width<W>(), at.row() * W, at.column());
    } else {
      for (long long i = at.row() * W; i < rows; i++) {
        body(Width<1>(), i, at.column());
      }
    }
  }
}
