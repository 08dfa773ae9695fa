// The sum of partial sums.
#include "reduction.cuh"

/**
 * result ← Σ partials, `count` of them, by one block, in an order fixed by its size.
 *
 * Moves 8 bytes per number; 1 FLOP.
 */
extern "C" __global__ void __launch_bounds__(256, 1) sum_f64(
    long long count, const double* partials, double* result) {
  double sum = 0;
  for (long long i = threadIdx.x; i < count; i += blockDim.x) {
    sum += partials[i];
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) {
    *result = sum;
  }
}
