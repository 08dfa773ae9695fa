// Copies between layouts and precisions.
#include "convert.cuh"

/**
 * target ← source, rounded to the target's precision. Both are rows×columns with leading dimensions ≥ rows.
 *
 * Moves sizeof(S) + sizeof(T) bytes per entry; no FLOPs.
 */
template <class S, class T>
__device__ __forceinline__ void copy(
    long long rows,
    long long columns,
    const S* source,
    long long ldSource,
    T* target,
    long long ldTarget) {
  for_each_pair(
      rows, columns, source, ldSource, target, ldTarget, [&](auto width, long long s, long long t) {
        constexpr int W = decltype(width)::value;
        const Pack<S, W> from = load<W>(source + s);
        Pack<T, W> to;
#pragma unroll
        for (int l = 0; l < W; l++) {
          to.at[l] = T(from.at[l]);
        }
        store(target + t, to);
      });
}

#define ENTRY(suffixS, S, suffixT, T)                                                  \
  extern "C" __global__ void __launch_bounds__(256, 1) copy_##suffixS##_##suffixT(     \
      long long rows, long long columns, const S* source, long long ldSource, T* target, \
      long long ldTarget) {                                                            \
    copy(rows, columns, source, ldSource, target, ldTarget);                           \
  }
FOR_EACH_PAIR_OF_SCALARS(ENTRY)
#undef ENTRY
