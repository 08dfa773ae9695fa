// Dot-product kernels as Chebyshev series.
#include "grid.cuh"

/** Σ_k c_k T_k(ξ), k < terms, for the entries of a pack, given c_k as coefficients(k). */
template <int UNROLLED, int W, class T, class Coefficients>
__device__ __forceinline__ Pack<T, W> clenshaw(
    const Pack<T, W>& xi, int terms, const Coefficients& coefficients) {
  T above[W] = {};   // b_(k+1)
  T higher[W] = {};  // b_(k+2)
#pragma unroll UNROLLED
  for (int k = terms - 1; k > 0; k--) {
    const Pack<T, W> c = coefficients(k);
#pragma unroll
    for (int l = 0; l < W; l++) {
      const T b = multiply_add(2 * xi.at[l], above[l], c.at[l] - higher[l]);
      higher[l] = above[l];
      above[l] = b;
    }
  }
  // The last step has ξ in the place of 2ξ.
  Pack<T, W> sum = coefficients(0);
#pragma unroll
  for (int l = 0; l < W; l++) {
    sum.at[l] = multiply_add(xi.at[l], above[l], sum.at[l] - higher[l]);
  }
  return sum;
}

/**
 * result(i, j) ← Σ_k c_k T_k(ξ), k < terms, by Clenshaw's recurrence b_k = c_k + 2ξ b_(k+1) − b_(k+2), where
 *
 *   c_k = Σ_q left(i, q) right(k·rank + q, j),  q < rank,
 *
 * and ξ = x(i, j) where branches = 1. With branches = 2, ξ = 2 (1 − |x|)^(1/4) − 1, and right has terms·rank
 * rows for x ≥ 0 and as many below for x < 0. x and result are rows×columns with leading dimensions ldx and
 * ldr; result may be x. left is rows×rank; right, branches·terms·rank × columns, is read by neighbouring
 * threads alike and comes from the cache: both branches' coefficients once for a pack, so that no entry reads
 * for itself. The usual rank of 1 has its left factor in registers.
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
    Pack<T, W> xi = load<W>(x + i + j * ldx);
    bool below[W] = {};
    const T* upper = right + j * branch * branches;
    const T* lower = upper;
    if (branches == 2) {
      lower += branch;
#pragma unroll
      for (int l = 0; l < W; l++) {
        const T rho = xi.at[l];
        below[l] = rho < 0;
        const T left_over = 1 - absolute(rho);  // below 0 by rounding
        xi.at[l] = 2 * square_root(square_root(left_over < 0 ? T(0) : left_over)) - 1;
      }
    }
    const auto add = [&](const Pack<T, W>& factor, int row, Pack<T, W>& c) {
      const T above_zero = upper[row];
      const T below_zero = lower[row];
#pragma unroll
      for (int l = 0; l < W; l++) {
        c.at[l] = multiply_add(factor.at[l], below[l] ? below_zero : above_zero, c.at[l]);
      }
    };
    Pack<T, W> sum;
    if (rank == 1) {
      const Pack<T, W> first = load<W>(left + i);
      sum = clenshaw<4>(xi, terms, [&](int k) {
        Pack<T, W> c = {};
        add(first, k, c);
        return c;
      });
    } else {
      sum = clenshaw<1>(xi, terms, [&](int k) {
        Pack<T, W> c = {};
#pragma unroll 1
        for (int q = 0; q < rank; q++) {
          add(load<W>(left + i + q * rows), k * rank + q, c);
        }
        return c;
      });
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
