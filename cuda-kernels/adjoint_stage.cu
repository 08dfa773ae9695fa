// A stage of the discrete adjoint.
#include "adjoint.cuh"
#include "terms.cuh"

/**
 * nu ← D ∘ nu, then next ← w₀ λ + Σ_r w_r K_r + w_ν nu, r < t, with the new nu. D is rows×columns; nu, λ, the
 * K_r and next are rows×(columns·outputs): column j of D goes with columns j·outputs … of the others. next may
 * be D if outputs = 1. With w_ν = 0, nu does not enter next.
 *
 * Moves (1/outputs + 4 + t)·sizeof(T) bytes per element of the adjoint (D, nu, λ and each K_r read; nu and
 * next written), and 4 + 2t FLOPs.
 */
template <class T>
__device__ __forceinline__ void adjoint_stage(
    long long rows,
    long long columns,
    int outputs,
    const T* derivative,
    T* nu,
    T weight,
    const T* lambda,
    T nuWeight,
    const Terms<T>& others,
    T* next) {
  const bool vectors = aligned(derivative, nu, lambda, next) && aligned_terms(others);
  for_each_adjoint<Vector<T>::WIDTH>(
      rows, columns, outputs, vectors, [&](auto width, long long e, long long a, long long pitch) {
        constexpr int W = decltype(width)::value;
        const Pack<T, W> d = load<W>(derivative + e);
        for (int o = 0; o < outputs; o++, a += pitch) {
          Pack<T, W> v = load<W>(nu + a);
          Pack<T, W> sum = load<W>(lambda + a);
#pragma unroll
          for (int l = 0; l < W; l++) {
            v.at[l] *= d.at[l];
            sum.at[l] *= weight;
          }
          add_terms(sum, others, a);
          if (nuWeight != 0) {
#pragma unroll
            for (int l = 0; l < W; l++) {
              sum.at[l] = multiply_add(nuWeight, v.at[l], sum.at[l]);
            }
          }
          store(nu + a, v);
          store(next + a, sum);
        }
      });
}

#define ENTRY(suffix, T)                                                                     \
  extern "C" __global__ void __launch_bounds__(256, 1) adjoint_stage_##suffix(                  \
      long long rows, long long columns, int outputs, const T* derivative, T* nu, T weight,  \
      const T* lambda, T nuWeight, Terms<T> others, T* next) {                               \
    adjoint_stage(                                                                           \
        rows, columns, outputs, derivative, nu, weight, lambda, nuWeight, others, next);     \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
