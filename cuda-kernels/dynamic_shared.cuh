// Dynamic shared memory, whose size the host gives with the launch.
#pragma once

extern __shared__ double2 dynamic_shared[];

/** The block's dynamic shared memory as numbers; it begins at a multiple of 16 bytes. */
template <class T>
__device__ __forceinline__ T* dynamic_shared_as() {
  return reinterpret_cast<T*>(dynamic_shared);
}
