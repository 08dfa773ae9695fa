// Device memory and page-locked host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "launch.h"
#include "results.h"

namespace emulator {

struct Context;

struct Allocation {
  size_t bytes;
  Context* context;
};

/**
 * Device memory is one reserved range of addresses, the arena. Beside it lies a table with one entry
 * per granule: how many bytes of the granule, from its start, are allocated. Allocations begin at
 * granules, so one comparison tells whether an access is inside.
 */
class DeviceMemory {
 public:
  static constexpr size_t GRANULE = 256;

  /** OUT_OF_MEMORY if the context's device has not that much left. */
  Result allocate(Context* context, size_t bytes, uintptr_t* address);

  /** INVALID_VALUE if nothing begins there; ILLEGAL_ADDRESS if its red zone was overwritten. */
  Result release(uintptr_t address);

  /** Whether [address, address + bytes) lies inside one live allocation. */
  bool holds(uintptr_t address, size_t bytes) const;

  /** ILLEGAL_ADDRESS, reported, if something was written behind an allocation. */
  Result check_red_zones() const;

  /** "8 bytes after the end of an allocation of 40 bytes at 0x…", for messages. */
  const char* describe(uintptr_t address) const;

  bool begins_at(uintptr_t address) const { return allocations_.count(address) != 0; }
  const std::map<uintptr_t, Allocation>& allocations() const { return allocations_; }
  Region arena() const { return arena_; }
  const uint16_t* allocated_of_granule() const { return allocated_of_granule_; }

 private:
  bool reserve();
  uintptr_t first_fit(size_t span) const;
  void mark(uintptr_t address, size_t bytes, bool allocated);
  bool red_zone_intact(uintptr_t address, size_t bytes) const;

  Region arena_;
  uint16_t* allocated_of_granule_ = nullptr;
  std::map<uintptr_t, Allocation> allocations_;
};
extern DeviceMemory device_memory;

/** Page-locked host memory: what an asynchronous copy may touch, and kernels too. */
class PinnedMemory {
 public:
  Result allocate(Context* context, size_t bytes, void** address);
  Result release(void* address);
  Result register_range(Context* context, void* address, size_t bytes);
  Result unregister(void* address);
  bool holds(const void* address, size_t bytes) const;

  struct Block {
    size_t bytes;
    Context* context;
    bool own;  // allocated here, not registered
  };
  const std::map<uintptr_t, Block>& blocks() const { return blocks_; }

 private:
  std::map<uintptr_t, Block> blocks_;
};
extern PinnedMemory pinned_memory;

}  // namespace emulator
