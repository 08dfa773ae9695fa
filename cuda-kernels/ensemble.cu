// Many small networks, one block each.
#include "activation.cuh"
#include "dynamic_shared.cuh"
#include "philox.cuh"
#include "reduction.cuh"

/** So many samples are solved together, in registers, so that one load of W serves them all. */
constexpr int GROUP = 4;

/** A network: its hyper-parameters, and its parameters in global memory. */
template <class T>
struct Network {
  int d, n, m;
  T scaleU, scaleV;
  const T* u;  // n×d
  const T* w;  // n×n
  const T* v;  // m×n
};

/** Explicit steps of one or four stages: Δ·scaleW, Δ·scaleW/Σb_s and the number of stages. */
template <class T>
struct Steps {
  int depth, stages;
  T flow, last;
};

/** (W φ)_row for S samples; phi is n×S with the samples of a row together, in shared memory. */
template <int S, class T>
__device__ __forceinline__ Pack<T, S> field(const T* w, int n, int row, const T* phi) {
  Pack<T, S> sum = {};
  w += row;
#pragma unroll 8
  for (int k = 0; k < n; k++) {
    const T wk = *w;
    const Pack<T, S> p = load<S>(phi + k * S);
#pragma unroll
    for (int s = 0; s < S; s++) {
      sum.at[s] = multiply_add(wk, p.at[s], sum.at[s]);
    }
    w += n;
  }
  return sum;
}

/**
 * Solves `live` ≤ S samples, whose inputs are the columns of `inputs`, and writes their m outputs each to
 * `outputs`. phi[2] are two buffers of n·S numbers in shared memory, of which phi[buffer] may be written; a
 * stage writes one while stragglers still read the other, so that it needs one barrier only. Returns the buffer
 * that the next group may write.
 */
template <class Phi, int S, class T>
__device__ __forceinline__ int solve(
    const Network<T>& net,
    const Steps<T>& steps,
    const T* inputs,
    int live,
    T* shared,
    int buffer,
    T* outputs) {
  const int n = net.n;
  const int row = threadIdx.x;
  const bool active = row < n;
  const auto publish = [&](const Pack<T, S>& y) {
    if (active) {
      Pack<T, S> phi = {};
#pragma unroll
      for (int s = 0; s < S; s++) {
        if (s < live) {
          phi.at[s] = Phi::value(y.at[s]);
        }
      }
      store(shared + (buffer * n + row) * S, phi);
    }
    __syncthreads();
  };

  Pack<T, S> h = {};
  if (active) {
    for (int c = 0; c < net.d; c++) {
      const T uc = net.u[row + (long long)c * n];
#pragma unroll
      for (int s = 0; s < S; s++) {
        if (s < live) {
          h.at[s] = multiply_add(uc, inputs[c + (long long)s * net.d], h.at[s]);
        }
      }
    }
  }
#pragma unroll
  for (int s = 0; s < S; s++) {
    h.at[s] *= net.scaleU;
  }
  publish(h);

  for (int l = 0; l < steps.depth; l++) {
    Pack<T, S> sum = {};
#pragma unroll 1
    for (int stage = 1; stage <= steps.stages; stage++) {
      const T b = stage == 2 || stage == 3 ? T(2) : T(1);
      const T a = stage < 3 ? steps.flow / 2 : steps.flow;
      Pack<T, S> k = {};
      if (active) {
        k = field<S>(net.w, n, row, shared + buffer * n * S);
      }
      Pack<T, S> y;
#pragma unroll
      for (int s = 0; s < S; s++) {
        sum.at[s] = multiply_add(b, k.at[s], sum.at[s]);
        if (stage == steps.stages) {
          h.at[s] = multiply_add(steps.last, sum.at[s], h.at[s]);
        }
        y.at[s] = stage == steps.stages ? h.at[s] : multiply_add(a, k.at[s], h.at[s]);
      }
      buffer ^= 1;
      publish(y);
    }
  }

  const T* phi = shared + buffer * n * S;
  const int lane = threadIdx.x % 32;
  for (int o = threadIdx.x / 32; o < net.m; o += blockDim.x / 32) {
    Pack<T, S> f = {};
    for (int k = lane; k < n; k += 32) {
      const T vk = net.v[o + (long long)k * net.m];
      const Pack<T, S> p = load<S>(phi + k * S);
#pragma unroll
      for (int s = 0; s < S; s++) {
        f.at[s] = multiply_add(vk, p.at[s], f.at[s]);
      }
    }
#pragma unroll
    for (int s = 0; s < S; s++) {
      const T total = warp_sum(f.at[s]);
      if (lane == 0 && s < live) {
        outputs[(long long)s * net.m + o] = net.scaleV * total;
      }
    }
  }
  return buffer ^ 1;
}

/**
 * The outputs of `networks` networks of width n ≤ 512 with the parameters of the seeds firstSeed + b:
 *
 *   h(0) = scaleU U x,   dh/dt = scaleW W φ(h) in `depth` steps of dt (method 0: Euler, 1: RK4),   f = scaleV V φ(h).
 *
 * inputs is d×samples; outputs is m·samples × networks, output o of sample i of network b at (i·m + o, b).
 * Blocks of n threads rounded up to whole warps: thread = row. A block generates U (n×d), W (n×n), V (m×n) of
 * its network in its part of scratch, n·(d + n + m) numbers, then solves the samples in groups of four (a single
 * one that is left over alone). Dynamic shared memory: 8·n·sizeof(T) bytes.
 *
 * Per network, S = stages·depth: n·(d+n+m)·sizeof(T) bytes written; n·(d + S·n + m)·sizeof(T) read for each group
 * of samples, from L1 or L2 while the running blocks' scratch fits there (n = 512 in FP32: 1 MiB each). FLOPs:
 * 2·n·(d + S·n + m) per sample, S·n activations per sample, and 50 FLOPs in FP64 per parameter.
 */
template <class Phi, class T>
__device__ __forceinline__ void ensemble(
    int method,
    int depth,
    T dt,
    int d,
    int n,
    int m,
    int samples,
    T scaleU,
    T scaleW,
    T scaleV,
    unsigned long long firstSeed,
    long long networks,
    const T* inputs,
    T* scratch,
    T* outputs) {
  T* shared = dynamic_shared_as<T>();
  T* parameters = scratch + blockIdx.x * ((long long)n * (d + n + m));
  T* w = parameters + (long long)n * d;
  T* v = w + (long long)n * n;
  const Network<T> net = {d, n, m, scaleU, scaleV, parameters, w, v};
  const T flow = dt * scaleW;
  const Steps<T> steps = {depth, method == 0 ? 1 : 4, flow, method == 0 ? flow : flow / 6};

  for (long long b = blockIdx.x; b < networks; b += gridDim.x) {
    __syncthreads();  // before the parameters of the network before are overwritten
    T* target = parameters;
#pragma unroll 1
    for (int stream = 0; stream < 3; stream++) {
      const long long count = (long long)n * (stream == 0 ? d : stream == 1 ? n : m);
      for (long long block = threadIdx.x; 4 * block < count; block += blockDim.x) {
        store_gaussian_block(firstSeed + b, stream, block, count, target);
      }
      target += count;
    }
    __syncthreads();

    T* result = outputs + b * m * samples;
    int buffer = 0;
    for (int i = 0; i < samples; i += GROUP) {
      const int live = samples - i < GROUP ? samples - i : GROUP;
      const T* x = inputs + (long long)i * d;
      T* f = result + (long long)i * m;
      if (live > 1) {
        buffer = solve<Phi, GROUP>(net, steps, x, live, shared, buffer, f);
      } else {
        // The buffers of a single sample lie within buffer 0 of a group.
        __syncthreads();
        solve<Phi, 1>(net, steps, x, live, shared, 0, f);
      }
    }
  }
}

#define ENTRY(label, Phi, suffix, T)                                                            \
  extern "C" __global__ void __launch_bounds__(512, 1) ensemble_##label##_##suffix(             \
      int method, int depth, T dt, int d, int n, int m, int samples, T scaleU, T scaleW,        \
      T scaleV, unsigned long long firstSeed, long long networks, const T* inputs, T* scratch,  \
      T* outputs) {                                                                             \
    ensemble<Phi>(                                                                              \
        method, depth, dt, d, n, m, samples, scaleU, scaleW, scaleV, firstSeed, networks,       \
        inputs, scratch, outputs);                                                              \
  }
FOR_EACH_ACTIVATION(ENTRY)
#undef ENTRY
