// Sums over the threads of a warp and of a block, in an order fixed by their number.
#pragma once

#include "scalar.cuh"

constexpr unsigned FULL_WARP = 0xffffffffu;

/** The sum over the lanes of a warp, in lane 0. */
template <class T>
__device__ __forceinline__ T warp_sum(T x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    x += __shfl_down_sync(FULL_WARP, x, offset);
  }
  return x;
}

/** The largest over the lanes of a warp, in all of them; NaN if one is. */
template <class T>
__device__ __forceinline__ T warp_max(T x) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) {
    x = larger(x, __shfl_xor_sync(FULL_WARP, x, mask));
  }
  return x;
}

/** What the first lane of a warp has, in all of them. */
template <class T>
__device__ __forceinline__ T from_first_lane(T x) {
  return __shfl_sync(FULL_WARP, x, 0);
}

/** The sum over the threads of a block of at most 1024, in thread 0. Has two barriers. */
__device__ __forceinline__ double block_sum(double x) {
  __shared__ double sums[32];
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  x = warp_sum(x);
  __syncthreads();  // before sums of an earlier call are overwritten
  if (lane == 0) {
    sums[warp] = x;
  }
  __syncthreads();
  if (warp == 0) {
    x = warp_sum(lane < (int)blockDim.x / 32 ? sums[lane] : 0);
  }
  return x;
}
