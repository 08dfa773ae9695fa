// Runs kernels: every CUDA thread of a block is a fiber.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda_on_cpu.h"
#include "kernel_table.h"
#include "results.h"

namespace emulator {

enum class Order : int { FORWARD, REVERSE, RANDOM };

struct LaunchShape {
  uint3 grid, block;
  size_t dynamic_shared_bytes;
};

/** Threads and blocks are started, and go on after a barrier, in this order. */
void set_order(Order order);

/** Runs all blocks one after another; the first failure ends the launch. */
Result run_kernel(const KernelEntry& kernel, const LaunchShape& shape, void** arguments);

/** Ends the running launch with a code; called on a fiber, whose stack is given up. */
[[noreturn]] void abandon_launch(Result code);

/** Who runs now, for messages and for the race detector. */
struct Running {
  const char* kernel = "";
  uint3 block = {}, thread = {};
  unsigned linear_thread = 0;
  /** Grows at every block barrier and from block to block: accesses of one value are unordered. */
  uint64_t block_epoch = 0;
  /** The same for the barriers of the running thread's warp. */
  uint64_t warp_epoch = 0;
};
extern Running running;

/** The fibers' stacks are one region, so that a kernel's access to a local array is recognised. */
struct Region {
  uintptr_t base = 0;
  size_t bytes = 0;
  bool holds(uintptr_t address) const { return address - base < bytes; }
};
extern Region fiber_stacks;

}  // namespace emulator
