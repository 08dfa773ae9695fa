// The end of a step of the discrete adjoint.
#include "adjoint.cuh"
#include "terms.cuh"

/**
 * λ ← λ + D ∘ nu + Σ_r w_r K_r, r < t, then next ← w₀ λ. D is rows×columns; nu, the K_r, λ and next are
 * rows×(columns·outputs): column j of D goes with columns j·outputs … of the others. next may be D if
 * outputs = 1.
 *
 * Moves (1/outputs + 4 + t)·sizeof(T) bytes per element of the adjoint (D, nu, λ and each K_r read; λ and next
 * written), and 3 + 2t FLOPs.
 */
template <class T>
__device__ __forceinline__ void adjoint_step(
    long long rows,
    long long columns,
    int outputs,
    const T* derivative,
    const T* nu,
    const Terms<T>& others,
    T* lambda,
    T weight,
    T* next) {
  const bool vectors = aligned(derivative, nu, lambda, next) && aligned_terms(others);
  for_each_adjoint<Vector<T>::WIDTH>(
      rows, columns, outputs, vectors, [&](auto width, long long e, long long a, long long pitch) {
        constexpr int W = decltype(width)::value;
        const Pack<T, W> d = load<W>(derivative + e);
        for (int o = 0; o < outputs; o++, a += pitch) {
          const Pack<T, W> v = load<W>(nu + a);
          Pack<T, W> sum = load<W>(lambda + a);
#pragma unroll
          for (int l = 0; l < W; l++) {
            sum.at[l] = multiply_add(d.at[l], v.at[l], sum.at[l]);
          }
          add_terms(sum, others, a);
          Pack<T, W> scaled;
#pragma unroll
          for (int l = 0; l < W; l++) {
            scaled.at[l] = weight * sum.at[l];
          }
          store(lambda + a, sum);
          store(next + a, scaled);
        }
      });
}

#define ENTRY(suffix, T)                                                                     \
  extern "C" __global__ void __launch_bounds__(256, 1) adjoint_step_##suffix(                   \
      long long rows, long long columns, int outputs, const T* derivative, const T* nu,      \
      Terms<T> others, T* lambda, T weight, T* next) {                                       \
    adjoint_step(rows, columns, outputs, derivative, nu, others, lambda, weight, next);      \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
