// Softmax cross-entropy and its cotangents.
#include "grid.cuh"
#include "reduction.cuh"

/**
 * With f, t and c the columns of logits, targets and cotangents, p = softmax(f): c ← p Σ_o t_o − t, and
 * partials[block] ← the block's part of the loss Σ_j Σ_o t_o (log Σ_q exp f_q − f_o). All matrices are
 * rows×columns without gaps; cotangents may be logits. FP64 throughout; the same grid gives the same bits.
 *
 * A warp takes a column at a time. With M = max f and r = Σ exp(f_o − M) over all o but one where f_o = M, the
 * inner sum is T (M + log(1 + r)) − Σ t_o f_o, T = Σ t_o, of which nothing cancels when the terms are t_o (M − f_o)
 * and T log(1 + r). M − f_o is taken of halves: it may be beyond the range of finite numbers, and 0 · ∞ is NaN.
 *
 * Moves 3·sizeof(T) bytes per entry from memory (logits and targets read, cotangents written); the logits are
 * read twice more, and the targets once, from the cache. 12 FLOPs per entry beside two exponentials.
 */
template <class T>
__device__ __forceinline__ void softmax_cross_entropy(
    long long rows,
    long long columns,
    const T* logits,
    const T* targets,
    T* cotangents,
    double* partials) {
  const int lane = threadIdx.x % 32;
  const long long warps = grid_threads() / 32;
  double loss = 0;
  for (long long j = grid_thread() / 32; j < columns; j += warps) {
    const T* f = logits + j * rows;
    const T* t = targets + j * rows;
    double greatest = -HUGE_VAL;
    for (long long o = lane; o < rows; o += 32) {
      greatest = larger(greatest, (double)f[o]);
    }
    greatest = warp_max(greatest);
    long long ties = 0;
    double others = 0;
    double weight = 0;
    for (long long o = lane; o < rows; o += 32) {
      const double fo = f[o];
      const double to = t[o];
      if (fo == greatest) {
        ties++;
      } else {
        others += exponential(fo - greatest);
      }
      weight += to;
      loss += 2 * (to * (0.5 * greatest - 0.5 * fo));
    }
    const double rest = from_first_lane(warp_sum(others) + (double)(warp_sum(ties) - 1));
    weight = from_first_lane(warp_sum(weight));
    if (lane == 0) {
      loss += weight * log_one_plus(rest);
    }
    const double scale = weight / (1 + rest);
    for (long long o = lane; o < rows; o += 32) {
      const double to = t[o];
      cotangents[o + j * rows] = T(exponential((double)f[o] - greatest) * scale - to);
    }
  }
  loss = block_sum(loss);
  if (threadIdx.x == 0) {
    partials[blockIdx.x] = loss;
  }
}

#define ENTRY(suffix, T)                                                                       \
  extern "C" __global__ void __launch_bounds__(256, 1) softmax_cross_entropy_##suffix(         \
      long long rows, long long columns, const T* logits, const T* targets, T* cotangents,     \
      double* partials) {                                                                      \
    softmax_cross_entropy(rows, columns, logits, targets, cotangents, partials);               \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
