// A Runge–Kutta stage.
#include "activation.cuh"
#include "grid.cuh"
#include "terms.cuh"

/**
 * With Y = h + Σ_r w_r K_r, r < t: value ← φ(Y), derivative ← φ'(Y). Y is not stored. All matrices have
 * `count` contiguous elements.
 *
 * Moves (3 + t)·sizeof(T) bytes per element (h and each K_r read, value and derivative written); 2t FLOPs per
 * element beside those of activate.
 */
template <class Phi, class T>
__device__ __forceinline__ void stage(
    long long count, const T* h, const Terms<T>& terms, T* value, T* derivative) {
  const bool vectors = aligned(h, value, derivative) && aligned_terms(terms);
  for_each_element<Vector<T>::WIDTH>(count, vectors, [&](auto width, long long i) {
    constexpr int W = decltype(width)::value;
    Pack<T, W> y = load<W>(h + i);
    add_terms(y, terms, i);
    Pack<T, W> phi, slope;
    evaluate<Phi>(y, phi, slope);
    store(value + i, phi);
    store(derivative + i, slope);
  });
}

#define ENTRY(label, Phi, suffix, T)                                              \
  extern "C" __global__ void __launch_bounds__(256, 1) stage_##label##_##suffix(     \
      long long count, const T* h, Terms<T> terms, T* value, T* derivative) {     \
    stage<Phi>(count, h, terms, value, derivative);                               \
  }
FOR_EACH_ACTIVATION(ENTRY)
#undef ENTRY
