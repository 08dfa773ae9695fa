// The library of compiled kernels, libemulated_kernels.so: its table, its memory.
#pragma once

#include <cstddef>

#include "kernel_table.h"
#include "launch.h"

namespace emulator {

/** Loads the library that lies beside this one, once; says on stderr why it cannot. */
bool load_kernel_library();

/** The entry point of that name, or null. */
const KernelEntry* find_kernel(const char* name);

/** Code and constants of the library. */
extern Region kernel_constants;

/**
 * The thread-local segment of the library in the calling thread: static shared memory of all
 * kernels and the block of dynamic shared memory.
 */
struct SharedMemory {
  Region all;
  /** Where the dynamic part of this launch begins, and its largest size. */
  uintptr_t dynamic = 0;
  size_t dynamic_capacity = 0;
  /** What this launch asked for; beyond it, dynamic shared memory is out of bounds. */
  size_t dynamic_bytes = 0;
};
extern SharedMemory shared_memory;

/** Fills shared memory with NaN: a block starts with no other block's values. */
void forget_shared_memory(size_t dynamic_bytes);

}  // namespace emulator
