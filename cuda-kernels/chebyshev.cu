// Dot-product kernels as Chebyshev series.
#include "convert.cuh"

/**
 * result ← Σ_k c_k T_k(x), k < terms, entrywise by Clenshaw's recurrence b_k = c_k + 2x b_(k+1) − b_(k+2). x and
 * result are rows×columns with leading dimensions ldx and ldr; result may be x. The coefficients, lowest degree
 * first, are read by all threads alike and come from the cache.
 *
 * Moves 2·sizeof(T) bytes per entry, and 3·terms FLOPs: bound by arithmetic from some 100 terms in FP32.
 */
template <class T>
__device__ __forceinline__ void chebyshev(
    long long rows,
    long long columns,
    const T* x,
    long long ldx,
    int terms,
    const T* coefficients,
    T* result,
    long long ldr) {
  for_each_pair(rows, columns, x, ldx, result, ldr, [&](auto width, long long s, long long t) {
    constexpr int W = decltype(width)::value;
    const Pack<T, W> argument = load<W>(x + s);
    Pack<T, W> sum;
    T above[W] = {};   // b_(k+1)
    T higher[W] = {};  // b_(k+2)
    for (int k = terms - 1; k > 0; k--) {
      const T c = coefficients[k];
#pragma unroll
      for (int l = 0; l < W; l++) {
        const T b = multiply_add(2 * argument.at[l], above[l], c - higher[l]);
        higher[l] = above[l];
        above[l] = b;
      }
    }
    const T c = terms > 0 ? coefficients[0] : T(0);
#pragma unroll
    for (int l = 0; l < W; l++) {
      sum.at[l] = multiply_add(argument.at[l], above[l], c - higher[l]);
    }
    store(result + t, sum);
  });
}

#define ENTRY(suffix, T)                                                                   \
  extern "C" __global__ void __launch_bounds__(256, 1) chebyshev_##suffix(                 \
      long long rows, long long columns, const T* x, long long ldx, int terms,             \
      const T* coefficients, T* result, long long ldr) {                                   \
    chebyshev(rows, columns, x, ldx, terms, coefficients, result, ldr);                    \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
