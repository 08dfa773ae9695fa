// The activation and its derivative in one pass.
#include "activation.cuh"
#include "grid.cuh"

/**
 * value ← φ(h), derivative ← φ'(h); either may be h. All have `count` contiguous elements.
 *
 * Moves 3·sizeof(T) bytes per element (h read, value and derivative written). FLOPs per element, a
 * transcendental function counted as 20: softplus 44, relu 2, gelu 46, quadratic 2, tanh 46, erf 42, silu 28,
 * sine 40, identity 1. Bound by memory in FP32.
 */
template <class Phi, class T>
__device__ __forceinline__ void activate(long long count, const T* h, T* value, T* derivative) {
  for_each_element<Vector<T>::WIDTH>(count, aligned(h, value, derivative), [&](auto width, long long i) {
    constexpr int W = decltype(width)::value;
    Pack<T, W> phi, slope;
    evaluate<Phi>(load<W>(h + i), phi, slope);
    store(value + i, phi);
    store(derivative + i, slope);
  });
}

#define ENTRY(label, Phi, suffix, T)                                               \
  extern "C" __global__ void __launch_bounds__(256, 1) activate_##label##_##suffix(   \
      long long count, const T* h, T* value, T* derivative) {                      \
    activate<Phi>(count, h, value, derivative);                                    \
  }
FOR_EACH_ACTIVATION(ENTRY)
#undef ENTRY
