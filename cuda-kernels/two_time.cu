// Limiting kernels from their two-time equations, one block of threads per pair of inputs.
#include "dynamic_shared.cuh"
#include "reduction.cuh"

constexpr int HERMITE = 0;

/** Relative changes below which an iterate is the solution, or has stalled at it. */
template <class T>
struct Tolerance;

template <>
struct Tolerance<float> {
  static constexpr float EQUAL = 2 * 1.1920929e-7f;
  static constexpr float STALLED = 1e-5f;
};

template <>
struct Tolerance<double> {
  static constexpr double EQUAL = 2 * 2.220446049250313e-16;
  static constexpr double STALLED = 1e-12;
};

/** What both fixed points of a pair have in common. */
template <class T>
struct Pair {
  int dual, times, terms;
  T kappa;
  int iterations;
  const T* values;            // of all inputs, terms × (times + 1) each
  const T* derivatives;       // likewise
  const T* firstDeviations;   // times + 1
  const T* secondDeviations;  // times + 1
  long long first, second;    // the inputs
};

/**
 * c/(τ τ') within [−1, 1], and ±1 where it is that up to rounding; an unfinished iterate may lie beyond
 * Cauchy–Schwarz's bound. 0 for τ τ' = 0; NaN stays NaN, so that divergence is seen.
 */
template <class T>
__device__ __forceinline__ T correlation(T covariance, T product) {
  if (product == 0) {
    return T(0);
  }
  const T rho = covariance / product;
  return 1 - absolute(rho) <= 2 * Tolerance<T>::EQUAL ? (rho > 0 ? T(1) : T(-1)) : rho;
}

/** Σ_k α_k ᾱ_k ρ^k, by Horner's rule. */
template <class T>
__device__ __forceinline__ T mehler(const T* alpha, const T* beta, int terms, T rho) {
  T sum = 0;
  for (int k = terms - 1; k >= 0; k--) {
    sum = multiply_add(sum, rho, alpha[k] * beta[k]);
  }
  return sum;
}

/** E[φ(u_i)φ(ū_j)] for that covariance; index `times` is the end. */
template <class T>
__device__ __forceinline__ T dual_value(const Pair<T>& p, int i, int j, T covariance) {
  const T product = p.firstDeviations[i] * p.secondDeviations[j];
  const T rho = correlation(covariance, product);
  if (p.dual == HERMITE) {
    const long long columns = p.times + 1;
    return mehler(
        p.values + (p.first * columns + i) * p.terms, p.values + (p.second * columns + j) * p.terms,
        p.terms, rho);
  }
  const T sine = square_root((1 - rho) * (1 + rho));
  const T angle = arc_tangent(sine, rho);
  return product * (sine + (T(3.14159265358979323846) - angle) * rho) *
         T(0.15915494309189533577);
}

/** E[φ'(u_i)φ'(ū_j)]. */
template <class T>
__device__ __forceinline__ T dual_derivative(const Pair<T>& p, int i, int j, T covariance) {
  const T product = p.firstDeviations[i] * p.secondDeviations[j];
  const T rho = correlation(covariance, product);
  if (p.dual == HERMITE) {
    const long long columns = p.times + 1;
    return mehler(
        p.derivatives + (p.first * columns + i) * p.terms,
        p.derivatives + (p.second * columns + j) * p.terms, p.terms, rho);
  }
  if (product == 0) {
    return T(0);  // φ'(0) is the left derivative
  }
  return (T(3.14159265358979323846) - arc_tangent(square_root((1 - rho) * (1 + rho)), rho)) *
         T(0.15915494309189533577);
}

/** The largest value over the block, NaN if any is, in every thread. Has three barriers. */
template <class T>
__device__ __forceinline__ T block_largest(T x) {
  __shared__ T largest[32];
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    x = larger(x, __shfl_down_sync(FULL_WARP, x, offset));
  }
  __syncthreads();  // before what an earlier call left is overwritten
  if (threadIdx.x % 32 == 0) {
    largest[threadIdx.x / 32] = x;
  }
  __syncthreads();
  x = largest[0];
  for (int w = 1; w < (int)blockDim.x / 32; w++) {
    x = larger(x, largest[w]);
  }
  return x;
}

/** The sum over the block, in every thread. */
template <class T>
__device__ __forceinline__ T block_total(T x) {
  __shared__ T total;
  const T sum = (T)block_sum((double)x);
  if (threadIdx.x == 0) {
    total = sum;
  }
  __syncthreads();
  const T all = total;
  __syncthreads();  // before a later call overwrites it
  return all;
}

/** wᵀ F w for F of times×times, given by its entries. */
template <class T, class Entry>
__device__ __forceinline__ T weighted_total(const Entry& f, const T* weights, int times) {
  T sum = 0;
  for (int p = threadIdx.x; p < times * times; p += blockDim.x) {
    sum += weights[p % times] * weights[p / times] * f(p);
  }
  return block_total(sum);
}

/**
 * One step of Picard's iteration: iterate ← constant + κ L F Lᵀ, with F given by its entries, which may depend on
 * the iterate, and `half` for F Lᵀ in shared memory. Returns the largest change relative to the largest new value, NaN if it is not finite.
 */
template <class T, class Entry>
__device__ __forceinline__ T iterate_once(
    T* iterate, const Entry& f, T* half, const T* left, T constant, T kappa, int times) {
  for (int p = threadIdx.x; p < times * times; p += blockDim.x) {
    const int i = p % times, j = p / times;
    T sum = 0;
    for (int k = 0; k < times; k++) {
      sum = multiply_add(f(i + k * times), left[j + k * times], sum);
    }
    half[p] = sum;
  }
  __syncthreads();
  T change = 0;
  T scale = T(1e-30);
  for (int p = threadIdx.x; p < times * times; p += blockDim.x) {
    const int i = p % times, j = p / times;
    T sum = 0;
    for (int k = 0; k < times; k++) {
      sum = multiply_add(left[i + k * times], half[k + j * times], sum);
    }
    const T next = multiply_add(kappa, sum, constant);
    change = larger(change, absolute(next - iterate[p]));
    scale = larger(scale, absolute(next));
    iterate[p] = next;
  }
  const T largest = block_largest(scale);
  return block_largest(change) / largest;
}

/**
 * Repeats a step, which has barriers, until iterates are equal up to rounding or have stalled there. Returns the
 * last relative change, NaN where the iteration diverged.
 */
template <class T, class Step>
__device__ __forceinline__ T fixed_point(int iterations, Step step) {
  T before = 0;
  for (int n = 0; n < iterations; n++) {
    const T change = step();
    if (!is_finite(change)) {
      return quiet_nan<T>();
    }
    if (change <= Tolerance<T>::EQUAL ||
        (n > 0 && change <= Tolerance<T>::STALLED && change >= before)) {
      return change;
    }
    before = change;
  }
  return before;
}

/**
 * The limiting kernels of `pairs` pairs: see io.tangentflow.backend.TwoTimeEquations, whose letters are used
 * here; all matrices are column-major. result is 3×pairs: NNGP, NTK, the last relative change.
 *
 * Dynamic shared memory: 4·times²·sizeof(T) bytes.
 *
 * Per pair and iteration 4·times³ FLOPs and, for a series, 3·terms·times² more, whose coefficients come from the
 * cache: terms·(times + 1)·sizeof(T) bytes per input, φ and φ' each. Bound by arithmetic.
 */
template <class T>
__device__ __forceinline__ void two_time(
    int dual,
    int times,
    int terms,
    const T* fromStart,
    const T* toEnd,
    const T* weights,
    T kappa,
    T sigmaVSquared,
    int iterations,
    const T* values,
    const T* derivatives,
    const T* deviations,
    long long pairs,
    const int* first,
    const int* second,
    const T* starts,
    T* result) {
  const int points = times * times;
  T* s = dynamic_shared_as<T>();  // S, then Θ
  T* e = s + points;              // E
  T* slopes = e + points;         // Ė
  T* half = slopes + points;
  const auto value = [&](int q) { return e[q]; };
  const auto pulled = [&](int q) { return slopes[q] * s[q]; };
  for (long long b = blockIdx.x; b < pairs; b += gridDim.x) {
    const long long x = first[b], y = second[b];
    const Pair<T> p = {
        dual,
        times,
        terms,
        kappa,
        iterations,
        values,
        derivatives,
        deviations + x * (times + 1),
        deviations + y * (times + 1),
        x,
        y};
    const T c = starts[b];

    __syncthreads();  // before the matrices of the pair before are overwritten
    for (int q = threadIdx.x; q < points; q += blockDim.x) {
      s[q] = c;
    }
    __syncthreads();
    T change = fixed_point<T>(iterations, [&] {
      for (int q = threadIdx.x; q < points; q += blockDim.x) {
        e[q] = dual_value(p, q % times, q / times, s[q]);
      }
      __syncthreads();
      return iterate_once(s, value, half, fromStart, c, kappa, times);
    });

    for (int q = threadIdx.x; q < points; q += blockDim.x) {
      e[q] = dual_value(p, q % times, q / times, s[q]);
      slopes[q] = dual_derivative(p, q % times, q / times, s[q]);
    }
    __syncthreads();
    const T end = multiply_add(kappa, weighted_total(value, weights, times), c);
    const T theta = sigmaVSquared * dual_derivative(p, times, times, end);
    const T nngp = sigmaVSquared * dual_value(p, times, times, end);
    for (int q = threadIdx.x; q < points; q += blockDim.x) {
      s[q] = theta;
    }
    __syncthreads();

    change = larger(change, fixed_point<T>(iterations, [&] {
                      return iterate_once(s, pulled, half, toEnd, theta, kappa, times);
                    }));
    const auto seen = [&](int q) { return e[q] * s[q]; };
    const T hidden = kappa * weighted_total(seen, weights, times);
    const T thetaAtStart = multiply_add(kappa, weighted_total(pulled, weights, times), theta);
    if (threadIdx.x == 0) {
      result[3 * b] = nngp;
      result[3 * b + 1] = nngp + hidden + c * thetaAtStart;
      result[3 * b + 2] = change;
    }
  }
}

#define ENTRY(suffix, T)                                                                          \
  extern "C" __global__ void __launch_bounds__(128, 1) two_time_##suffix(                         \
      int dual, int times, int terms, const T* fromStart, const T* toEnd, const T* weights,       \
      T kappa, T sigmaVSquared, int iterations, const T* values, const T* derivatives,            \
      const T* deviations, long long pairs, const int* first, const int* second, const T* starts, \
      T* result) {                                                                                \
    two_time(                                                                                     \
        dual, times, terms, fromStart, toEnd, weights, kappa, sigmaVSquared, iterations, values,  \
        derivatives, deviations, pairs, first, second, starts, result);                           \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
