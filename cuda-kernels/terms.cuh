// Linear combinations of matrices.
#pragma once

#include "scalar.cuh"

/** At most so many terms. */
constexpr int MOST_TERMS = 8;

/**
 * Σ_r weight[r]·matrix[r] over r < count, combined in this order. Passed to kernels by value; loops over it
 * are unrolled, because a parameter at an index that varies would be copied into local memory.
 */
template <class T>
struct Terms {
  const T* matrix[MOST_TERMS];
  T weight[MOST_TERMS];
  int count;
};

template <class T>
__device__ __forceinline__ bool aligned_terms(const Terms<T>& terms) {
  bool all = true;
#pragma unroll
  for (int r = 0; r < MOST_TERMS; r++) {
    all = all && (r >= terms.count || aligned(terms.matrix[r]));
  }
  return all;
}

/** sum ← sum + Σ_r w_r K_r at elements i …; four loads are under way at a time. */
template <int W, class T>
__device__ __forceinline__ void add_terms(Pack<T, W>& sum, const Terms<T>& terms, long long i) {
#pragma unroll
  for (int r = 0; r < MOST_TERMS; r += 4) {
    if (r >= terms.count) {
      return;
    }
    Pack<T, W> k[4];
#pragma unroll
    for (int q = 0; q < 4; q++) {
      k[q] = r + q < terms.count ? load<W>(terms.matrix[r + q] + i) : Pack<T, W>{};
    }
#pragma unroll
    for (int q = 0; q < 4; q++) {
      if (r + q < terms.count) {
#pragma unroll
        for (int l = 0; l < W; l++) {
          sum.at[l] = multiply_add(terms.weight[r + q], k[q].at[l], sum.at[l]);
        }
      }
    }
  }
}
