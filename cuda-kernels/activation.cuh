// The activations φ with their derivatives, by formulas that lose no digits: NaN stays NaN, infinities go
// where the definitions send them (0·∞ = NaN included), and a kink has its left derivative.
#pragma once

#include "scalar.cuh"

/** 1 / (1 + e⁻ˣ) from u = e^(−|x|) ≤ 1, so that neither tail overflows or cancels. */
template <class T>
__device__ __forceinline__ T sigmoid_of(T x, T u) {
  return (x >= 0 ? T(1) : u) / (1 + u);
}

/** 1/√2π. */
template <class T>
constexpr T INV_SQRT_2PI = T(0.39894228040143267794);

template <class T>
constexpr T SQRT_HALF = T(0.70710678118654752440);

__device__ __forceinline__ double normal_cdf(double x) {
  return 0.5 * error_function_complement(-x * SQRT_HALF<double>);
}

/**
 * Φ(x) in FP32. erfcf may be off by 4 ulp: in the tails that is far below the rounding of 1; within |x| < 1
 * the series Φ(x) = ½ + 1/√2π Σ_k (−1)^k x^(2k+1) / (2^k k! (2k+1)) is used, whose tenth term is below 1e-9.
 */
__device__ __forceinline__ float normal_cdf(float x) {
  if (absolute(x) < 1) {
    constexpr double c = INV_SQRT_2PI<double>;
    const float s = x * x;
    float p = float(c / 175472640);
    p = multiply_add(p, s, float(-c / 9676800));
    p = multiply_add(p, s, float(c / 599040));
    p = multiply_add(p, s, float(-c / 42240));
    p = multiply_add(p, s, float(c / 3456));
    p = multiply_add(p, s, float(-c / 336));
    p = multiply_add(p, s, float(c / 40));
    p = multiply_add(p, s, float(-c / 6));
    p = multiply_add(p, s, float(c));
    return multiply_add(p, x, 0.5f);
  }
  const float tail = 0.5f * error_function_complement(absolute(x) * SQRT_HALF<float>);
  return x < 0 ? tail : 1 - tail;
}

/** log(1 + eˣ). */
struct Softplus {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& value, T& derivative) {
    const T u = exponential(-absolute(x));
    value = (x <= 0 ? T(0) : x) + log_one_plus(u);
    derivative = sigmoid_of(x, u);
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return (x <= 0 ? T(0) : x) + log_one_plus(exponential(-absolute(x)));
  }
};

/** max(x, 0). */
struct Relu {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& phi, T& derivative) {
    phi = value(x);
    derivative = x > 0 ? T(1) : phi;  // 0, or NaN
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return x <= 0 ? T(0) : x;  // fmax would turn NaN into 0
  }
};

/** xΦ(x), Φ the normal distribution function. */
struct Gelu {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& value, T& derivative) {
    const T cdf = normal_cdf(x);
    value = x * cdf;
    derivative = cdf + x * INV_SQRT_2PI<T> * exponential(T(-0.5) * x * x);
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return x * normal_cdf(x);
  }
};

/** x². */
struct Quadratic {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& value, T& derivative) {
    value = x * x;
    derivative = 2 * x;
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return x * x;
  }
};

/** tanh x; its derivative is sech² x = 4u/(1+u)² with u = e^(−2|x|), as 1 − tanh² would cancel. */
struct Tanh {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& phi, T& derivative) {
    phi = value(x);
    const T u = exponential(-2 * absolute(x));
    derivative = 4 * u / ((1 + u) * (1 + u));
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return hyperbolic_tangent(x);
  }
};

/** erf x; its derivative is 2/√π exp(−x²). */
struct Erf {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& phi, T& derivative) {
    phi = value(x);
    derivative = T(1.12837916709551257390) * exponential(-x * x);
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return error_function(x);
  }
};

/** x·s(x), s the sigmoid; its derivative is s(x) + x·s(x)·s(−x). */
struct Silu {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& value, T& derivative) {
    const T u = exponential(-absolute(x));
    const T s = sigmoid_of(x, u);
    value = x * s;
    derivative = s + x * s * sigmoid_of(-x, u);
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return x * sigmoid_of(x, exponential(-absolute(x)));
  }
};

/** sin x. */
struct Sine {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& value, T& derivative) {
    sine_and_cosine(x, &value, &derivative);
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return sine(x);
  }
};

/** x. */
struct Identity {
  template <class T>
  static __device__ __forceinline__ void evaluate(T x, T& value, T& derivative) {
    value = x;
    derivative = x == x ? T(1) : x;
  }

  template <class T>
  static __device__ __forceinline__ T value(T x) {
    return x;
  }
};

/** φ and φ' of a pack. */
template <class Phi, int W, class T>
__device__ __forceinline__ void evaluate(
    const Pack<T, W>& x, Pack<T, W>& value, Pack<T, W>& derivative) {
#pragma unroll
  for (int l = 0; l < W; l++) {
    Phi::evaluate(x.at[l], value.at[l], derivative.at[l]);
  }
}

/** Instantiates ENTRY(label, Phi, suffix, T) for every activation in both precisions. */
#define FOR_EACH_ACTIVATION(ENTRY)          \
  ENTRY(softplus, Softplus, f32, float)     \
  ENTRY(softplus, Softplus, f64, double)    \
  ENTRY(relu, Relu, f32, float)             \
  ENTRY(relu, Relu, f64, double)            \
  ENTRY(gelu, Gelu, f32, float)             \
  ENTRY(gelu, Gelu, f64, double)            \
  ENTRY(quadratic, Quadratic, f32, float)   \
  ENTRY(quadratic, Quadratic, f64, double)  \
  ENTRY(tanh, Tanh, f32, float)             \
  ENTRY(tanh, Tanh, f64, double)            \
  ENTRY(erf, Erf, f32, float)               \
  ENTRY(erf, Erf, f64, double)              \
  ENTRY(silu, Silu, f32, float)             \
  ENTRY(silu, Silu, f64, double)            \
  ENTRY(sine, Sine, f32, float)             \
  ENTRY(sine, Sine, f64, double)            \
  ENTRY(identity, Identity, f32, float)     \
  ENTRY(identity, Identity, f64, double)
