// Standard normal numbers of the counter-based generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The numbers of a stream are those of
// io.tangentflow.model.Philox.
#pragma once

#include "scalar.cuh"

struct PhiloxWords {
  unsigned at[4];
};

/** Encrypts the counter under the key (seed mod 2³², seed / 2³²). */
__device__ __forceinline__ PhiloxWords philox4x32_10(PhiloxWords counter, unsigned long long seed) {
  unsigned c0 = counter.at[0], c1 = counter.at[1], c2 = counter.at[2], c3 = counter.at[3];
  unsigned k0 = (unsigned)seed, k1 = (unsigned)(seed >> 32);
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const unsigned long long p0 = 0xD2511F53ull * c0;
    const unsigned long long p1 = 0xCD9E8D57ull * c2;
    c0 = (unsigned)(p1 >> 32) ^ c1 ^ k0;
    c1 = (unsigned)p1;
    c2 = (unsigned)(p0 >> 32) ^ c3 ^ k1;
    c3 = (unsigned)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/**
 * Sine and cosine of an angle in [0, 2π]. The angle is reduced to r + low, |r| ≤ π/4, by subtracting a
 * multiple of π/2 in two parts (the first subtraction is exact); Taylor's series to r¹⁷ and r¹⁶ leave out less
 * than 1e-17. The library's function would carry the reduction of huge arguments along, and its stack frame.
 */
__device__ __forceinline__ void sine_and_cosine_of_turn(double angle, double& s, double& c) {
  const int quarter = (int)fma(angle, 0.63661977236758134308, 0.5);
  const double r = fma(-(double)quarter, 1.57079632679489661923, angle);
  const double low = -(double)quarter * 6.123233995736766036e-17;
  const double q = r * r;
  double p = 1.0 / 355687428096000;
  p = fma(p, q, -1.0 / 1307674368000);
  p = fma(p, q, 1.0 / 6227020800);
  p = fma(p, q, -1.0 / 39916800);
  p = fma(p, q, 1.0 / 362880);
  p = fma(p, q, -1.0 / 5040);
  p = fma(p, q, 1.0 / 120);
  p = fma(p, q, -1.0 / 6);
  const double half = 0.5 * q;
  const double one = 1 - half;
  const double sineOfRest = r + fma(r * q, p, low * one);
  p = 1.0 / 20922789888000;
  p = fma(p, q, -1.0 / 87178291200);
  p = fma(p, q, 1.0 / 479001600);
  p = fma(p, q, -1.0 / 3628800);
  p = fma(p, q, 1.0 / 40320);
  p = fma(p, q, -1.0 / 720);
  p = fma(p, q, 1.0 / 24);
  const double cosineOfRest = one + ((1 - one - half) + fma(q * q, p, -r * low));
  const double even = (quarter & 1) == 0 ? sineOfRest : cosineOfRest;
  const double odd = (quarter & 1) == 0 ? cosineOfRest : sineOfRest;
  s = (quarter & 2) == 0 ? even : -even;
  c = ((quarter + 1) & 2) == 0 ? odd : -odd;
}

/** Box–Muller: u = (w + ½)·2⁻³², z = √(−2 ln u₀)·(cos, sin)(2π u₁), the angle rounded as the host does. */
__device__ __forceinline__ void box_muller(unsigned radiusWord, unsigned angleWord, double* z) {
  const double u0 = ((double)radiusWord + 0.5) * 0x1p-32;
  const double u1 = ((double)angleWord + 0.5) * 0x1p-32;
  const double radius = sqrt(-2 * log(u0));
  double s, c;
  sine_and_cosine_of_turn(6.28318530717958647693 * u1, s, c);
  z[0] = radius * c;
  z[1] = radius * s;
}

/** Numbers 4·block … 4·block + 3 of a stream, computed in FP64 and rounded once. */
template <class T>
__device__ __forceinline__ Pack<T, 4> gaussian_block(
    unsigned long long seed, int stream, long long block) {
  const PhiloxWords w =
      philox4x32_10({{(unsigned)block, (unsigned)(block >> 32), (unsigned)stream, 0u}}, seed);
  double z[4];
  box_muller(w.at[0], w.at[1], z);
  box_muller(w.at[2], w.at[3], z + 2);
  return {{T(z[0]), T(z[1]), T(z[2]), T(z[3])}};
}

/** target[4·block …] ← the numbers of a block, as far as there are `count` of them; a vector store if aligned. */
template <class T>
__device__ __forceinline__ void store_gaussian_block(
    unsigned long long seed, int stream, long long block, long long count, T* target) {
  const Pack<T, 4> z = gaussian_block<T>(seed, stream, block);
  T* to = target + 4 * block;
  if (4 * block + 4 <= count && aligned(to)) {
    store(to, z);
  } else {
#pragma unroll
    for (int l = 0; l < 4; l++) {
      if (4 * block + l < count) {
        to[l] = z.at[l];
      }
    }
  }
}
