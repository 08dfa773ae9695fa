// Standard normal numbers.
#include "grid.cuh"
#include "philox.cuh"

/**
 * For each b < networks: target[b·count + e] ← number first + e, e < count, of the stream under seed + b; first is
 * a multiple of four. A thread makes a block of four numbers at a time.
 *
 * Writes sizeof(T) bytes per number; per number 25 integer operations and, a transcendental function counted as
 * 20, 50 FLOPs in FP64. Bound by FP64 arithmetic.
 */
template <class T>
__device__ __forceinline__ void gaussian(
    long long first, long long count, unsigned long long seed, int stream, long long networks, T* target) {
  for_each_entry<1>((count + 3) / 4, networks, false, [&](auto, long long block, long long b) {
    store_gaussian_block(seed + b, stream, first / 4 + block, first + count, target + b * count - first);
  });
}

#define ENTRY(suffix, T)                                                                         \
  extern "C" __global__ void __launch_bounds__(256, 1) gaussian_##suffix(                           \
      long long first, long long count, unsigned long long seed, int stream, long long networks,     \
      T* target) {                                                                               \
    gaussian(first, count, seed, stream, networks, target);                                      \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
