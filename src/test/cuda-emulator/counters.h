// What the control API (CudaEmulator.java) reads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emulator {

struct Counters {
  // Since reset(); work counts when it is executed, not when it is queued.
  uint64_t kernel_launches = 0;
  uint64_t gemms = 0;
  uint64_t graph_launches = 0;
  uint64_t copies = 0;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t races = 0;
  uint64_t unsupported_calls = 0;

  // Of all devices; not changed by reset().
  size_t live_bytes = 0;
  size_t peak_bytes = 0;
};
extern Counters counters;

}  // namespace emulator
