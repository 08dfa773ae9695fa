// Dot-product kernels as Chebyshev series.
#include "grid.cuh"

/**
 * result(i, j) ← Σ_k c_k T_k(ξ), k < terms, by Clenshaw's recurrence b_k = c_k + 2ξ b_(k+1) − b_(k+2), where
 *
 *   c_k = Σ_q left(i, q) right(k·rank + q, j),  q < rank,
 *
 * and ξ = x(i, j) where branches = 1. With branches = 2, ξ = 2 (1 − |x|)^(1/4) − 1, and right has terms·rank
 * rows for x ≥ 0 and as many below for x < 0. x and result are rows×columns with leading dimensions ldx and
 * ldr; result may be x. left is rows×rank; right, branches·terms·rank × columns, is read by neighbouring
 * threads alike and comes from the cache.
 *
 * Moves 2·sizeof(T) bytes per entry from memory, and (3 + 2·rank)·terms FLOPs: bound by arithmetic.
 */
template <class T>
__device__ __forceinline__ void dot_product_kernel(
    long long rows,
    long long columns,
    const T* x,
    long long ldx,
    int branches,
    int rank,
    int terms,
    const T* left,
    const T* right,
    T* result,
    long long ldr) {
  constexpr int LANES = Vector<T>::WIDTH;
  const bool vectors =
      aligned(x, result, left) && ldx % LANES == 0 && ldr % LANES == 0 && rows % LANES == 0;
  const long long branch = (long long)terms * rank;
  for_each_entry<LANES>(rows, columns, vectors, [&](auto width, long long i, long long j) {
    constexpr int W = decltype(width)::value;
    Pack<T, W> argument = load<W>(x + i + j * ldx);
    const T* coefficients[W];
#pragma unroll
    for (int l = 0; l < W; l++) {
      coefficients[l] = right + j * branch * branches;
      if (branches == 2) {
        const T rho = argument.at[l];
        coefficients[l] += rho < 0 ? branch : 0;
        const T left_over = 1 - absolute(rho);  // below 0 by rounding
        argument.at[l] = 2 * square_root(square_root(left_over < 0 ? T(0) : left_over)) - 1;
      }
    }
    T above[W] = {};   // b_(k+1)
    T higher[W] = {};  // b_(k+2)
    for (int k = terms - 1; k >= 0; k--) {
      T c[W] = {};
      for (int q = 0; q < rank; q++) {
        const Pack<T, W> factor = load<W>(left + i + q * rows);
#pragma unroll
        for (int l = 0; l < W; l++) {
          c[l] = multiply_add(factor.at[l], coefficients[l][k * rank + q], c[l]);
        }
      }
      // The last step has ξ in the place of 2ξ.
      const T twice = k == 0 ? T(1) : T(2);
#pragma unroll
      for (int l = 0; l < W; l++) {
        const T b = multiply_add(twice * argument.at[l], above[l], c[l] - higher[l]);
        higher[l] = above[l];
        above[l] = b;
      }
    }
    Pack<T, W> sum;
#pragma unroll
    for (int l = 0; l < W; l++) {
      sum.at[l] = above[l];
    }
    store(result + i + j * ldr, sum);
  });
}

#define ENTRY(suffix, T)                                                                        \
  extern "C" __global__ void __launch_bounds__(256, 1) dot_product_kernel_##suffix(             \
      long long rows, long long columns, const T* x, long long ldx, int branches, int rank,     \
      int terms, const T* left, const T* right, T* result, long long ldr) {                     \
    dot_product_kernel(rows, columns, x, ldx, branches, rank, terms, left, right, result, ldr); \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
