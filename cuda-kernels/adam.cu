// A step of Adam.
#include "grid.cuh"

/**
 * m ← β₁ m + (1 − β₁) g, v ← β₂ v + ((1 − β₂) g) g, then θ ← θ − (rate · m) / (√v · rootScale + ε), with
 * gain_i = 1 − β_i, rate = η/(1 − β₁ᵏ) and rootScale = 1/√(1 − β₂ᵏ), which the host computes in FP64. All
 * matrices have `count` contiguous elements.
 *
 * Moves 7·sizeof(T) bytes per element (g, m, v and θ read; m, v and θ written), and 13 FLOPs.
 */
template <class T>
__device__ __forceinline__ void adam(
    long long count,
    T beta1,
    T gain1,
    T beta2,
    T gain2,
    T rate,
    T rootScale,
    T epsilon,
    const T* gradient,
    T* first,
    T* second,
    T* parameter) {
  const bool vectors = aligned(gradient, first, second, parameter);
  for_each_element<Vector<T>::WIDTH>(count, vectors, [&](auto width, long long i) {
    constexpr int W = decltype(width)::value;
    const Pack<T, W> g = load<W>(gradient + i);
    Pack<T, W> m = load<W>(first + i);
    Pack<T, W> v = load<W>(second + i);
    Pack<T, W> theta = load<W>(parameter + i);
#pragma unroll
    for (int l = 0; l < W; l++) {
      m.at[l] = multiply_add(gain1, g.at[l], beta1 * m.at[l]);
      v.at[l] = multiply_add(gain2 * g.at[l], g.at[l], beta2 * v.at[l]);
      theta.at[l] -= rate * m.at[l] / multiply_add(square_root(v.at[l]), rootScale, epsilon);
    }
    store(first + i, m);
    store(second + i, v);
    store(parameter + i, theta);
  });
}

#define ENTRY(suffix, T)                                                                    \
  extern "C" __global__ void __launch_bounds__(256, 1) adam_##suffix(                       \
      long long count, T beta1, T gain1, T beta2, T gain2, T rate, T rootScale, T epsilon,  \
      const T* gradient, T* first, T* second, T* parameter) {                               \
    adam(count, beta1, gain1, beta2, gain2, rate, rootScale, epsilon, gradient, first, second, \
         parameter);                                                                        \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
