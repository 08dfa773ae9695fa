// The contraction of a structured Gram.
#include "grid.cuh"

/**
 * k(i·m + o, j·m + q) += Σ_b p_b(i·m + o, j·m + q) · r_b(i, j) over the blocks of columns b, m outputs; products
 * and sums in FP64. k is rows·m × samples·m (FP64), p is rows·m × samples·m·blocks, r is rows × samples·blocks.
 *
 * Moves 16 + B·(1 + 1/m²)·sizeof(T) bytes per entry of k for B blocks (k read and written once, p once; r once
 * from memory, and for m > 1 m² times from the cache, by neighbouring threads), and 2B FLOPs.
 */
template <class T>
__device__ __forceinline__ void contract(
    long long rows,
    int outputs,
    long long samples,
    long long blocks,
    const T* p,
    const T* r,
    double* k) {
  const long long height = rows * outputs;
  const long long width = samples * outputs;
  const long long pPitch = height * width;
  const long long rPitch = rows * samples;
  if (outputs == 1) {
    const bool vectors = aligned(p, r, k) && pPitch % Vector<T>::WIDTH == 0;
    for_each_element<Vector<T>::WIDTH>(pPitch, vectors, [&](auto lanes, long long e) {
      constexpr int W = decltype(lanes)::value;
      Pack<double, W> sum = load<W>(k + e);
#pragma unroll 4
      for (long long b = 0; b < blocks; b++) {
        const Pack<T, W> pb = load<W>(p + e + b * pPitch);
        const Pack<T, W> rb = load<W>(r + e + b * rPitch);
#pragma unroll
        for (int l = 0; l < W; l++) {
          sum.at[l] = multiply_add((double)pb.at[l], (double)rb.at[l], sum.at[l]);
        }
      }
      store(k + e, sum);
    });
  } else {
    for_each_entry<1>(height, width, false, [&](auto, long long row, long long column) {
      const long long e = row + column * height;
      const T* pe = p + e;
      const T* re = r + row / outputs + column / outputs * rows;
      double sum = k[e];
#pragma unroll 4
      for (long long b = 0; b < blocks; b++) {
        sum = multiply_add((double)pe[b * pPitch], (double)re[b * rPitch], sum);
      }
      k[e] = sum;
    });
  }
}

#define ENTRY(suffix, T)                                                                       \
  extern "C" __global__ void __launch_bounds__(256, 1) contract_##suffix(                         \
      long long rows, int outputs, long long samples, long long blocks, const T* p, const T* r, \
      double* k) {                                                                             \
    contract(rows, outputs, samples, blocks, p, r, k);                                         \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
