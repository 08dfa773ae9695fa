// Inner products of matrices.
#include "grid.cuh"
#include "reduction.cuh"

/**
 * partials[block] ← the block's part of Σ_ij a_ij b_ij, for rows×columns matrices of leading dimensions lda and
 * ldb; products and sums in FP64. The same grid gives the same bits. Pass a = b for a squared norm.
 *
 * Moves 2·sizeof(T) bytes per entry (sizeof(T) from memory if a = b); 2 FLOPs.
 */
template <class T>
__device__ __forceinline__ void dot(
    long long rows,
    long long columns,
    const T* a,
    long long lda,
    const T* b,
    long long ldb,
    double* partials) {
  constexpr int W = Vector<T>::WIDTH;
  double sums[W] = {};
  const auto add = [&](auto width, long long s, long long t) {
    constexpr int N = decltype(width)::value;
    const Pack<T, N> x = load<N>(a + s);
    const Pack<T, N> y = load<N>(b + t);
#pragma unroll
    for (int l = 0; l < N; l++) {
      sums[l] = multiply_add((double)x.at[l], (double)y.at[l], sums[l]);
    }
  };
  if (lda == rows && ldb == rows) {
    for_each_element<W>(
        rows * columns, aligned(a, b), [&](auto width, long long e) { add(width, e, e); });
  } else {
    for_each_entry<W>(
        rows,
        columns,
        aligned(a, b) && lda % W == 0 && ldb % W == 0,
        [&](auto width, long long i, long long j) { add(width, i + j * lda, i + j * ldb); });
  }
  double sum = 0;
#pragma unroll
  for (int l = 0; l < W; l++) {
    sum += sums[l];
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) {
    partials[blockIdx.x] = sum;
  }
}

#define ENTRY(suffix, T)                                                                    \
  extern "C" __global__ void __launch_bounds__(256, 1) dot_##suffix(                        \
      long long rows, long long columns, const T* a, long long lda, const T* b, long long ldb, \
      double* partials) {                                                                   \
    dot(rows, columns, a, lda, b, ldb, partials);                                           \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
