// The end of a Runge–Kutta step.
#include "activation.cuh"
#include "grid.cuh"
#include "terms.cuh"

/**
 * h ← h + Σ_r w_r K_r, r < t; then value ← φ(h), derivative ← φ'(h). All matrices have `count` contiguous
 * elements.
 *
 * Moves (4 + t)·sizeof(T) bytes per element (h and each K_r read; h, value and derivative written); 2t FLOPs
 * per element beside those of activate.
 */
template <class Phi, class T>
__device__ __forceinline__ void step(
    long long count, T* h, const Terms<T>& terms, T* value, T* derivative) {
  const bool vectors = aligned(h, value, derivative) && aligned_terms(terms);
  for_each_element<Vector<T>::WIDTH>(count, vectors, [&](auto width, long long i) {
    constexpr int W = decltype(width)::value;
    Pack<T, W> state = load<W>(h + i);
    add_terms(state, terms, i);
    Pack<T, W> phi, slope;
    evaluate<Phi>(state, phi, slope);
    store(h + i, state);
    store(value + i, phi);
    store(derivative + i, slope);
  });
}

#define ENTRY(label, Phi, suffix, T)                                         \
  extern "C" __global__ void __launch_bounds__(256, 1) step_##label##_##suffix( \
      long long count, T* h, Terms<T> terms, T* value, T* derivative) {      \
    step<Phi>(count, h, terms, value, derivative);                           \
  }
FOR_EACH_ACTIVATION(ENTRY)
#undef ENTRY
