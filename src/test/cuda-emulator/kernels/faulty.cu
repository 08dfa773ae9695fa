// Kernels that are wrong on purpose, and one that is right: the emulator's own tests launch them.

/** A tree sum over a block of 256, with its barriers. */
extern "C" __global__ void __launch_bounds__(256) test_sum(const float* x, float* sum) {
  __shared__ float part[256];
  const int t = threadIdx.x;
  part[t] = x[t];
  for (int half = 128; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) {
      part[t] += part[t + half];
    }
  }
  if (t == 0) {
    *sum = part[0];
  }
}

/** The same without the barriers. */
extern "C" __global__ void __launch_bounds__(256) test_sum_without_barriers(
    const float* x, float* sum) {
  __shared__ float part[256];
  const int t = threadIdx.x;
  part[t] = x[t];
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) {
      part[t] += part[t + half];
    }
  }
  if (t == 0) {
    *sum = part[0];
  }
}

/** Half of a warp waits for the block, the other half for its warp. */
extern "C" __global__ void test_divergent_barrier(float* out) {
  if (threadIdx.x < 16) {
    __syncthreads();
  } else {
    out[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 0);
  }
}

/** to[i + shift] ← from[i], whatever memory is there. */
extern "C" __global__ void test_copy(
    const float* from, float* to, long long count, long long read_shift, long long write_shift) {
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count;
       i += (long long)gridDim.x * blockDim.x) {
    to[i + write_shift] = from[i + read_shift];
  }
}

/** The same, four numbers at a time, whatever the alignment. */
extern "C" __global__ void test_copy_vectors(const float* from, float* to, long long vectors) {
  for (long long i = threadIdx.x; i < vectors; i += blockDim.x) {
    reinterpret_cast<float4*>(to)[i] = reinterpret_cast<const float4*>(from)[i];
  }
}

/** The sum over a full warp, of whatever lanes there are. */
extern "C" __global__ void test_warp_sum(const float* x, float* sum) {
  float v = x[threadIdx.x];
  for (int offset = 16; offset > 0; offset /= 2) {
    v += __shfl_down_sync(0xffffffffu, v, offset);
  }
  if (threadIdx.x == 0) {
    *sum = v;
  }
}
