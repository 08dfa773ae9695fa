// What the product's kernels may use, in kernels of known results and known traffic, and faults that
// need more than one feature: the emulator's own tests launch them.

struct Triple {
  double a, b, c;
};

/** A struct of 24 bytes, read once and written once. */
extern "C" __global__ void test_copy_triples(const Triple* from, Triple* to) {
  to[threadIdx.x] = from[threadIdx.x];
}

template <class T>
struct Sum {
  const T* vector[3];
  T weight[3];
  int count;
};

template <class T>
__device__ __forceinline__ void add_up(long long count, const Sum<T>& sum, T* to) {
  for (long long i = threadIdx.x; i < count; i += blockDim.x) {
    T total = 0;
    for (int t = 0; t < sum.count; t++) {
      total = fma(sum.weight[t], __ldg(sum.vector[t] + i), total);
    }
    to[i] = total;
  }
}

#define ENTRY(suffix, T)                                                              \
  extern "C" __global__ void __launch_bounds__(128, 2) test_add_up_##suffix(          \
      long long count, Sum<T> sum, T* to) {                                           \
    add_up(count, sum, to);                                                           \
  }
ENTRY(f32, float)
ENTRY(f64, double)
#undef ENTRY

/** The least of unsigned 64-bit numbers and a count, by atomics in global memory. */
extern "C" __global__ void test_atomics(
    const unsigned long long* x, unsigned long long* least, unsigned long long* count) {
  atomicMin(least, x[threadIdx.x]);
  atomicAdd(count, 1ull);
}

/** The number of threads of the block, by a tree sum in dynamic shared memory of one double each. */
extern "C" __global__ void test_dynamic_sum(double* sum) {
  extern __shared__ double2 dynamic_shared[];
  double* part = reinterpret_cast<double*>(dynamic_shared);
  part[threadIdx.x] = 1;
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      part[threadIdx.x] += part[threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    sum[blockIdx.x] = part[0];
  }
}

/** sum[block] ← what the block finds in its shared memory, and leaves 1 there for the next. */
extern "C" __global__ void test_stale_shared(double* sum) {
  __shared__ double left;
  sum[blockIdx.x] = left;
  left = 1;
}

/** Rotates the block's values; each round reads what the round before wrote, without a second barrier. */
extern "C" __global__ void test_rotate_with_one_barrier(float* x, long long rounds) {
  __shared__ float ring[64];
  ring[threadIdx.x] = x[threadIdx.x];
  for (long long round = 0; round < rounds; round++) {
    __syncthreads();
    ring[threadIdx.x] = ring[(threadIdx.x + 1) % blockDim.x];
  }
  __syncthreads();
  x[threadIdx.x] = ring[threadIdx.x];
}

/** Neighbouring lanes swap values through shared memory, with __syncwarp or without. */
extern "C" __global__ void test_swap_in_warp(float* x, long long ordered) {
  __shared__ float lanes[32];
  lanes[threadIdx.x] = x[threadIdx.x];
  if (ordered) {
    __syncwarp();
  }
  x[threadIdx.x] = lanes[threadIdx.x ^ 1];
}

/** Functions of CUDA that the C library lacks, at x[0]. */
extern "C" __global__ void test_functions(const double* x, double* y) {
  double sine, cosine;
  sincospi(x[0], &sine, &cosine);
  y[0] = sine;
  y[1] = cosine;
  y[2] = rsqrt(x[0]);
  y[3] = __umulhi(0x80000000u, 6u);
  y[4] = max(3, 7LL);
  y[5] = __popc(__ballot_sync(0x1u, 1));
}
