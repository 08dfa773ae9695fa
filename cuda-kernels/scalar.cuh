// What the kernels need of a scalar type: its functions, without the name of its precision, and packs of
// neighbouring numbers that travel in 16-byte transactions.
#pragma once

/** The vector type that one 16-byte load or store moves, and how many numbers it holds. */
template <class T>
struct Vector;

template <>
struct Vector<float> {
  using Type = float4;
  static constexpr int WIDTH = 4;
};

template <>
struct Vector<double> {
  using Type = double2;
  static constexpr int WIDTH = 2;
};

/** Neighbouring numbers in registers. */
template <class T, int W>
struct Pack {
  T at[W];
};

__device__ __forceinline__ void unpack(float4 v, float* to) {
  to[0] = v.x;
  to[1] = v.y;
  to[2] = v.z;
  to[3] = v.w;
}

__device__ __forceinline__ void unpack(double2 v, double* to) {
  to[0] = v.x;
  to[1] = v.y;
}

__device__ __forceinline__ float4 packed(const float* from) {
  return make_float4(from[0], from[1], from[2], from[3]);
}

__device__ __forceinline__ double2 packed(const double* from) {
  return make_double2(from[0], from[1]);
}

/** The W numbers at p. For W > 1, p is a multiple of 16 bytes and W of the vector's width. */
template <int W, class T>
__device__ __forceinline__ Pack<T, W> load(const T* p) {
  Pack<T, W> pack;
  if constexpr (W == 1) {
    pack.at[0] = *p;
  } else {
    static_assert(W % Vector<T>::WIDTH == 0, "whole vectors");
#pragma unroll
    for (int c = 0; c < W; c += Vector<T>::WIDTH) {
      unpack(*reinterpret_cast<const typename Vector<T>::Type*>(p + c), pack.at + c);
    }
  }
  return pack;
}

/** The reverse of load. */
template <int W, class T>
__device__ __forceinline__ void store(T* p, const Pack<T, W>& pack) {
  if constexpr (W == 1) {
    *p = pack.at[0];
  } else {
    static_assert(W % Vector<T>::WIDTH == 0, "whole vectors");
#pragma unroll
    for (int c = 0; c < W; c += Vector<T>::WIDTH) {
      *reinterpret_cast<typename Vector<T>::Type*>(p + c) = packed(pack.at + c);
    }
  }
}

__device__ __forceinline__ bool aligned(const void* p) {
  return (reinterpret_cast<unsigned long long>(p) & 15) == 0;
}

/** Whether all pointers are multiples of 16 bytes. */
template <class... P>
__device__ __forceinline__ bool aligned(const void* first, P... rest) {
  return aligned(first) && aligned(rest...);
}

// Products that are to be contracted say fma; no others are (--fmad=false), so that a number does not
// depend on whether it went through a vector or a scalar path.

__device__ __forceinline__ float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
__device__ __forceinline__ double multiply_add(double a, double b, double c) { return fma(a, b, c); }
__device__ __forceinline__ float absolute(float x) { return fabsf(x); }
__device__ __forceinline__ double absolute(double x) { return fabs(x); }
__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
__device__ __forceinline__ float log_one_plus(float x) { return log1pf(x); }
__device__ __forceinline__ double log_one_plus(double x) { return log1p(x); }
__device__ __forceinline__ float square_root(float x) { return sqrtf(x); }
__device__ __forceinline__ double square_root(double x) { return sqrt(x); }
__device__ __forceinline__ float hyperbolic_tangent(float x) { return tanhf(x); }
__device__ __forceinline__ double hyperbolic_tangent(double x) { return tanh(x); }
__device__ __forceinline__ float error_function(float x) { return erff(x); }
__device__ __forceinline__ double error_function(double x) { return erf(x); }
__device__ __forceinline__ float error_function_complement(float x) { return erfcf(x); }
__device__ __forceinline__ double error_function_complement(double x) { return erfc(x); }
__device__ __forceinline__ float arc_tangent(float y, float x) { return atan2f(y, x); }
__device__ __forceinline__ double arc_tangent(double y, double x) { return atan2(y, x); }
__device__ __forceinline__ float sine(float x) { return sinf(x); }
__device__ __forceinline__ double sine(double x) { return sin(x); }
__device__ __forceinline__ void sine_and_cosine(float x, float* s, float* c) { sincosf(x, s, c); }
__device__ __forceinline__ void sine_and_cosine(double x, double* s, double* c) { sincos(x, s, c); }

template <class T>
__device__ __forceinline__ T quiet_nan();

template <>
__device__ __forceinline__ float quiet_nan<float>() {
  return nanf("");
}

template <>
__device__ __forceinline__ double quiet_nan<double>() {
  return nan("");
}

/** Neither infinite nor NaN. */
template <class T>
__device__ __forceinline__ bool is_finite(T x) {
  return x - x == T(0);
}

/** The larger number, NaN if either is (fmax would drop it). */
template <class T>
__device__ __forceinline__ T larger(T a, T b) {
  return a > b || a != a ? a : b;
}

/** Instantiates ENTRY(suffix, T) for both precisions. */
#define FOR_EACH_SCALAR(ENTRY) \
  ENTRY(f32, float)            \
  ENTRY(f64, double)
