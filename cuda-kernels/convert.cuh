// Entrywise passes over two matrices of leading dimensions and precisions of their own.
#pragma once

#include "grid.cuh"

/** The wider of two precisions. */
template <class S, class T>
struct Wider {
  using Type = double;
};

template <>
struct Wider<float, float> {
  using Type = float;
};

/** How many numbers of the narrower of two precisions fill a vector. */
template <class S, class T>
constexpr int COMMON_WIDTH = Vector<S>::WIDTH > Vector<T>::WIDTH ? Vector<S>::WIDTH : Vector<T>::WIDTH;

/**
 * body(width, s, t) for entries at s in the source and at t in the target. Matrices without gaps are one long
 * column.
 */
template <class S, class T, class Body>
__device__ __forceinline__ void for_each_pair(
    long long rows,
    long long columns,
    const S* source,
    long long ldSource,
    const T* target,
    long long ldTarget,
    Body body) {
  constexpr int W = COMMON_WIDTH<S, T>;
  const bool bases = aligned(source, target);
  if (ldSource == rows && ldTarget == rows) {
    for_each_element<W>(rows * columns, bases, [&](auto width, long long e) { body(width, e, e); });
  } else {
    const bool vectors = bases && ldSource % W == 0 && ldTarget % W == 0;
    for_each_entry<W>(rows, columns, vectors, [&](auto width, long long i, long long j) {
      body(width, i + j * ldSource, i + j * ldTarget);
    });
  }
}

/** Instantiates ENTRY(source's suffix, S, target's suffix, T) for all precisions of both. */
#define FOR_EACH_PAIR_OF_SCALARS(ENTRY) \
  ENTRY(f32, float, f32, float)         \
  ENTRY(f32, float, f64, double)        \
  ENTRY(f64, double, f32, float)        \
  ENTRY(f64, double, f64, double)
