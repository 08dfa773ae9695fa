// The subset of CUDA C++ that the kernels use, for g++. Force-included before every .cu, so that the
// sources compile as they are. Needs no CUDA toolkit.
//
// A CUDA thread runs as a fiber (launch.cpp). Shared memory is thread-local storage of the library
// that the kernels are linked into: `extern __shared__ T name[]` and a static __shared__ array both
// become thread_local objects, and that segment holds nothing else, so its bounds are known
// (kernel_library.cpp). Accesses are instrumented by -fsanitize=thread (memory_checks.cpp).
#pragma once

#include <math.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#ifdef EMULATOR_LIST_KERNELS
// build.sh preprocesses each source with these marks to find the entry points that macros make.
#define __global__ __emulated_kernel__
#define __launch_bounds__(...) __emulated_bounds__(__VA_ARGS__)
#else
#define __global__
#define __launch_bounds__(...)
#endif

#define __device__
#define __host__
#define __constant__
#define __shared__ thread_local
#define __forceinline__ inline __attribute__((always_inline))
#define __restrict__ __restrict
#define __align__(n) __attribute__((aligned(n)))

// Atomics count themselves (emulated_atomic); instrumenting their plain accesses would count twice.
#define EMULATED_UNCHECKED __attribute__((no_sanitize("thread")))

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};

#define EMULATED_VECTORS(scalar, name, align2, align4)                                     \
  struct alignas(align2) name##2 {                                                         \
    scalar x, y;                                                                           \
  };                                                                                       \
  struct alignas(align4) name##4 {                                                         \
    scalar x, y, z, w;                                                                     \
  };                                                                                       \
  static inline name##2 make_##name##2(scalar x, scalar y) { return {x, y}; }              \
  static inline name##4 make_##name##4(scalar x, scalar y, scalar z, scalar w) {           \
    return {x, y, z, w};                                                                   \
  }
// CUDA aligns no built-in vector to more than 16 bytes.
EMULATED_VECTORS(float, float, 8, 16)
EMULATED_VECTORS(double, double, 16, 16)
EMULATED_VECTORS(int, int, 8, 16)
EMULATED_VECTORS(unsigned, uint, 8, 16)
EMULATED_VECTORS(long long, longlong, 16, 16)
EMULATED_VECTORS(unsigned long long, ulonglong, 16, 16)
#undef EMULATED_VECTORS

extern "C" {
// Constant for the life of a CUDA thread, which is one call of the kernel: hence the attribute.
uint3 emulated_thread_index() __attribute__((const));
uint3 emulated_block_index() __attribute__((const));
uint3 emulated_block_size() __attribute__((const));
uint3 emulated_grid_size() __attribute__((const));
unsigned emulated_lane() __attribute__((const));

void emulated_block_barrier();
/** The number of threads whose predicate holds, to every thread of the block. */
unsigned emulated_block_count(int predicate);
void emulated_warp_barrier(unsigned mask);
unsigned emulated_ballot(unsigned mask, int predicate);
/** The value of the lane `source`, or the own value if source is negative; NaN if nobody is there. */
uint64_t emulated_shuffle(unsigned mask, uint64_t value, int source);
/** Checks and counts one atomic read-modify-write of `bytes` at `address`. */
void emulated_atomic(const void* address, size_t bytes);
[[noreturn]] void emulated_trap();
}

#define threadIdx (emulated_thread_index())
#define blockIdx (emulated_block_index())
#define blockDim (emulated_block_size())
#define gridDim (emulated_grid_size())
#define warpSize 32

static inline void __syncthreads() { emulated_block_barrier(); }
static inline int __syncthreads_count(int predicate) { return emulated_block_count(predicate); }
static inline int __syncthreads_or(int predicate) { return emulated_block_count(predicate) != 0; }
static inline int __syncthreads_and(int predicate) { return emulated_block_count(!predicate) == 0; }
static inline void __syncwarp(unsigned mask = 0xffffffffu) { emulated_warp_barrier(mask); }
static inline unsigned __ballot_sync(unsigned mask, int predicate) {
  return emulated_ballot(mask, predicate);
}
static inline int __any_sync(unsigned mask, int predicate) {
  return emulated_ballot(mask, predicate) != 0;
}
static inline int __all_sync(unsigned mask, int predicate) {
  return emulated_ballot(mask, !predicate) == 0;
}
static inline void __threadfence() {}
static inline void __threadfence_block() {}
[[noreturn]] static inline void __trap() { emulated_trap(); }

template <class T>
static inline T emulated_shuffle_of(unsigned mask, T value, int source) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = emulated_shuffle(mask, bits, source);
  memcpy(&value, &bits, sizeof value);
  return value;
}

// A source outside the lane's own segment of `width` lanes means the lane's own value.
template <class T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  const int lane = emulated_lane();
  return emulated_shuffle_of(mask, value, (lane & -width) | (source & (width - 1)));
}
template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const int lane = emulated_lane(), source = lane + static_cast<int>(delta);
  return emulated_shuffle_of(mask, value, source < (lane & -width) + width ? source : -1);
}
template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const int lane = emulated_lane(), source = lane - static_cast<int>(delta);
  return emulated_shuffle_of(mask, value, source >= (lane & -width) ? source : -1);
}
template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int laneMask, int width = 32) {
  const int lane = emulated_lane(), source = lane ^ laneMask;
  return emulated_shuffle_of(mask, value, source < (lane & -width) + width ? source : -1);
}

template <class T>
static inline T __ldg(const T* address) {
  return *address;
}

// Fibers never run at the same time, so a plain read-modify-write is atomic. Only the operand types
// that CUDA has are accepted: an overload that nvcc would refuse does not compile here either.
template <class T, class Combine>
EMULATED_UNCHECKED static inline T emulated_read_modify_write(T* address, Combine combine) {
  emulated_atomic(address, sizeof(T));
  const T old = *address;
  *address = combine(old);
  return old;
}
#define EMULATED_ATOMIC(name, type, expression)                                            \
  static inline type name(type* address, type value) {                                     \
    return emulated_read_modify_write(                                                     \
        address, [value](type old) EMULATED_UNCHECKED -> type { return expression; });     \
  }
#define EMULATED_INTEGER_ATOMICS(type)                                                     \
  EMULATED_ATOMIC(atomicAdd, type, old + value)                                            \
  EMULATED_ATOMIC(atomicMin, type, value < old ? value : old)                              \
  EMULATED_ATOMIC(atomicMax, type, value > old ? value : old)                              \
  EMULATED_ATOMIC(atomicExch, type, (static_cast<void>(old), value))                       \
  EMULATED_ATOMIC(atomicAnd, type, old& value)                                             \
  EMULATED_ATOMIC(atomicOr, type, old | value)                                             \
  static inline type atomicCAS(type* address, type compare, type value) {                  \
    return emulated_read_modify_write(address, [=](type old) EMULATED_UNCHECKED -> type {  \
      return old == compare ? value : old;                                                 \
    });                                                                                    \
  }
EMULATED_INTEGER_ATOMICS(int)
EMULATED_INTEGER_ATOMICS(unsigned)
EMULATED_INTEGER_ATOMICS(unsigned long long)
EMULATED_ATOMIC(atomicMin, long long, value < old ? value : old)
EMULATED_ATOMIC(atomicMax, long long, value > old ? value : old)
EMULATED_ATOMIC(atomicAdd, float, old + value)
EMULATED_ATOMIC(atomicAdd, double, old + value)
EMULATED_ATOMIC(atomicExch, float, (static_cast<void>(old), value))
#undef EMULATED_INTEGER_ATOMICS
#undef EMULATED_ATOMIC

static inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((static_cast<uint64_t>(a) * b) >> 32);
}
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>((static_cast<unsigned __int128>(a) * b) >> 64);
}
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }

template <class To, class From>
static inline To emulated_bits(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  memcpy(&result, &value, sizeof result);
  return result;
}
static inline int __float_as_int(float x) { return emulated_bits<int>(x); }
static inline unsigned __float_as_uint(float x) { return emulated_bits<unsigned>(x); }
static inline float __int_as_float(int x) { return emulated_bits<float>(x); }
static inline float __uint_as_float(unsigned x) { return emulated_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return emulated_bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return emulated_bits<double>(x); }

// CUDA's min and max take mixed arithmetic types; the usual conversions decide.
template <class A, class B>
static inline std::common_type_t<A, B> min(A a, B b) {
  if constexpr (std::is_floating_point_v<std::common_type_t<A, B>>) {
    return fmin(a, b);
  } else {
    return b < a ? b : a;
  }
}
template <class A, class B>
static inline std::common_type_t<A, B> max(A a, B b) {
  if constexpr (std::is_floating_point_v<std::common_type_t<A, B>>) {
    return fmax(a, b);
  } else {
    return a < b ? b : a;
  }
}

static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
static inline float rsqrt(float x) { return rsqrtf(x); }

// Reduced to a quarter of a period exactly, so that multiples of a half come out exact, as in CUDA.
static inline void sincospi(double x, double* sine, double* cosine) {
  const double quarter = nearbyint(2 * x);
  const double angle = (x - 0.5 * quarter) * 3.14159265358979323846;
  const double s = sin(angle), c = cos(angle);
  switch (static_cast<int>(fmod(quarter, 4)) & 3) {
    case 0: *sine = s, *cosine = c; break;
    case 1: *sine = c, *cosine = -s; break;
    case 2: *sine = -s, *cosine = -c; break;
    default: *sine = -c, *cosine = s; break;
  }
}
static inline void sincospif(float x, float* sine, float* cosine) {
  double s, c;
  sincospi(static_cast<double>(x), &s, &c);
  *sine = static_cast<float>(s);
  *cosine = static_cast<float>(c);
}
static inline double sinpi(double x) {
  double s, c;
  sincospi(x, &s, &c);
  return s;
}
static inline double cospi(double x) {
  double s, c;
  sincospi(x, &s, &c);
  return c;
}
static inline float sinpif(float x) { return static_cast<float>(sinpi(x)); }
static inline float cospif(float x) { return static_cast<float>(cospi(x)); }
static inline double normcdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
static inline float normcdff(float x) { return static_cast<float>(normcdf(x)); }

// glibc declares some of these names itself, hence macros. The approximations of the hardware are
// not emulated: the accurate functions stand in.
#define __expf(x) expf(x)
#define __logf(x) logf(x)
#define __sinf(x) sinf(x)
#define __cosf(x) cosf(x)
#define __powf(x, y) powf(x, y)
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline float __double2float_rn(double x) { return static_cast<float>(x); }
static inline double __uint2double_rn(unsigned x) { return static_cast<double>(x); }
