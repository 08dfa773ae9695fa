// The search for infinities and NaNs.
#include "grid.cuh"

/**
 * result ← min(result, i + j·rows) over the entries (i, j) of the rows×columns matrix m, leading dimension ld,
 * that are infinite or NaN. The host presets it to all ones. A thread ends at its first find, which is its least.
 *
 * Moves sizeof(T) bytes per entry; 2 FLOPs.
 */
template <class T>
__device__ __forceinline__ void first_non_finite(
    long long rows, long long columns, const T* m, long long ld, unsigned long long* result) {
  if (rows <= 0 || columns <= 0) {
    return;
  }
  for (MatrixCursor at(rows, grid_thread(), grid_threads()); at.column() < columns; at.advance()) {
    if (!is_finite(m[at.row() + at.column() * ld])) {
      atomicMin(result, (unsigned long long)(at.row() + at.column() * rows));
      return;
    }
  }
}

#define ENTRY(suffix, T)                                                                           \
  extern "C" __global__ void __launch_bounds__(256, 1) first_non_finite_##suffix(                  \
      long long rows, long long columns, const T* m, long long ld, unsigned long long* result) {   \
    first_non_finite(rows, columns, m, ld, result);                                                \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
