// Scaled sums.
#include "convert.cuh"

/**
 * target ← target + weight · source, computed in the wider of the two precisions. Both are rows×columns with
 * leading dimensions ≥ rows.
 *
 * Moves sizeof(S) + 2·sizeof(T) bytes per entry (source read; target read and written), and 2 FLOPs.
 */
template <class S, class T>
__device__ __forceinline__ void add_scaled(
    long long rows,
    long long columns,
    double weight,
    const S* source,
    long long ldSource,
    T* target,
    long long ldTarget) {
  using Wide = typename Wider<S, T>::Type;
  const Wide w = Wide(weight);
  for_each_pair(
      rows, columns, source, ldSource, target, ldTarget, [&](auto width, long long s, long long t) {
        constexpr int W = decltype(width)::value;
        const Pack<S, W> from = load<W>(source + s);
        Pack<T, W> to = load<W>(target + t);
#pragma unroll
        for (int l = 0; l < W; l++) {
          to.at[l] = T(multiply_add(w, Wide(from.at[l]), Wide(to.at[l])));
        }
        store(target + t, to);
      });
}

#define ENTRY(suffixS, S, suffixT, T)                                                        \
  extern "C" __global__ void __launch_bounds__(256, 1) add_scaled_##suffixS##_##suffixT(     \
      long long rows, long long columns, double weight, const S* source, long long ldSource, \
      T* target, long long ldTarget) {                                                       \
    add_scaled(rows, columns, weight, source, ldSource, target, ldTarget);                   \
  }
FOR_EACH_PAIR_OF_SCALARS(ENTRY)
#undef ENTRY
