// The other triangle of a symmetric matrix.
#include "scalar.cuh"

constexpr int TILE = 32;

/**
 * Lower triangle ← upper triangle of the n×n matrix c with leading dimension ldc. A block transposes one tile at
 * a time through shared memory, so that both its reads and its writes run along columns; a row of padding keeps
 * the transposed accesses on distinct banks.
 *
 * Moves 2·sizeof(T) bytes per entry below the diagonal (its mirror image read, itself written); no FLOPs.
 */
template <class T>
__device__ __forceinline__ void symmetrise(long long n, T* c, long long ldc) {
  __shared__ T tile[TILE][TILE + 1];
  const int lane = threadIdx.x % TILE;
  const int warp = threadIdx.x / TILE;
  const int warps = blockDim.x / TILE;
  const long long tiles = (n + TILE - 1) / TILE;
  for (long long t = blockIdx.x; t < tiles * tiles; t += gridDim.x) {
    const long long above = t % tiles * TILE;  // the first row of the tile in the upper triangle
    const long long right = t / tiles * TILE;  // its first column
    if (above > right) {
      continue;
    }
    for (int j = warp; j < TILE; j += warps) {
      const long long row = above + lane;
      const long long column = right + j;
      if (row < column && column < n) {
        tile[j][lane] = c[row + column * ldc];
      }
    }
    __syncthreads();
    for (int j = warp; j < TILE; j += warps) {
      const long long row = right + lane;
      const long long column = above + j;
      if (column < row && row < n) {
        c[row + column * ldc] = tile[lane][j];
      }
    }
    __syncthreads();
  }
}

#define ENTRY(suffix, T)                                                     \
  extern "C" __global__ void __launch_bounds__(256, 1) symmetrise_##suffix(  \
      long long n, T* c, long long ldc) {                                    \
    symmetrise(n, c, ldc);                                                   \
  }
FOR_EACH_SCALAR(ENTRY)
#undef ENTRY
