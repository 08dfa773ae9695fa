#include "memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "contexts.h"
#include "counters.h"

namespace emulator {

DeviceMemory device_memory;
PinnedMemory pinned_memory;

namespace {

constexpr size_t ARENA_BYTES = 64ull << 30;  // addresses only; pages come when they are touched
constexpr unsigned char RED = 0xA5;
constexpr unsigned char NAN_BYTE = 0xFF;

// Of a larger allocation only both ends are filled, or every page of a budget test would be touched.
constexpr size_t FILLED_WHOLE = 256ull << 20;
constexpr size_t FILLED_END = 16ull << 20;

void* reserve_pages(size_t bytes) {
  void* pages = mmap(
      nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

void fill_with_nan(uintptr_t address, size_t bytes) {
  auto* memory = reinterpret_cast<unsigned char*>(address);
  if (bytes <= FILLED_WHOLE) {
    memset(memory, NAN_BYTE, bytes);
  } else {
    memset(memory, NAN_BYTE, FILLED_END);
    memset(memory + bytes - FILLED_END, NAN_BYTE, FILLED_END);
  }
}

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/** From the end of the data: the rest of its last granule and one granule more. */
size_t red_zone_bytes(size_t bytes) {
  return round_up(bytes, DeviceMemory::GRANULE) + DeviceMemory::GRANULE - bytes;
}

size_t span_of(size_t bytes) { return bytes + red_zone_bytes(bytes); }

}  // namespace

bool DeviceMemory::reserve() {
  if (arena_.base != 0) {
    return true;
  }
  void* arena = reserve_pages(ARENA_BYTES);
  void* table = reserve_pages(ARENA_BYTES / GRANULE * sizeof(uint16_t));
  if (arena == nullptr || table == nullptr) {
    report("no address space for the arena of device memory");
    return false;
  }
  arena_ = {reinterpret_cast<uintptr_t>(arena), ARENA_BYTES};
  allocated_of_granule_ = static_cast<uint16_t*>(table);
  return true;
}

uintptr_t DeviceMemory::first_fit(size_t span) const {
  uintptr_t candidate = arena_.base;
  for (const auto& [address, allocation] : allocations_) {
    if (address - candidate >= span) {
      break;
    }
    candidate = address + span_of(allocation.bytes);
  }
  return candidate + span <= arena_.base + arena_.bytes ? candidate : 0;
}

void DeviceMemory::mark(uintptr_t address, size_t bytes, bool allocated) {
  uint16_t* entry = allocated_of_granule_ + (address - arena_.base) / GRANULE;
  for (size_t begin = 0; begin < bytes; begin += GRANULE) {
    *entry++ = allocated ? static_cast<uint16_t>(std::min(GRANULE, bytes - begin)) : 0;
  }
}

Result DeviceMemory::allocate(Context* context, size_t bytes, uintptr_t* address) {
  if (bytes == 0) {
    return INVALID_VALUE;
  }
  if (fault_injection.refuses_allocation() || bytes > context->free_bytes() || !reserve()) {
    return OUT_OF_MEMORY;
  }
  const uintptr_t place = first_fit(span_of(bytes));
  if (place == 0) {
    return OUT_OF_MEMORY;
  }
  fill_with_nan(place, bytes);
  memset(reinterpret_cast<void*>(place + bytes), RED, red_zone_bytes(bytes));
  mark(place, bytes, true);
  allocations_[place] = {bytes, context};
  context->used_bytes += bytes;
  counters.live_bytes += bytes;
  counters.peak_bytes = std::max(counters.peak_bytes, counters.live_bytes);
  *address = place;
  return SUCCESS;
}

bool DeviceMemory::red_zone_intact(uintptr_t address, size_t bytes) const {
  const auto* zone = reinterpret_cast<const unsigned char*>(address + bytes);
  return std::all_of(
      zone, zone + red_zone_bytes(bytes), [](unsigned char byte) { return byte == RED; });
}

Result DeviceMemory::release(uintptr_t address) {
  const auto found = allocations_.find(address);
  if (found == allocations_.end()) {
    return INVALID_VALUE;
  }
  const Allocation allocation = found->second;
  const bool intact = red_zone_intact(address, allocation.bytes);
  if (!intact) {
    report("the memory behind a freed allocation of %zu bytes was written", allocation.bytes);
  }
  mark(address, allocation.bytes, false);
  allocations_.erase(found);
  allocation.context->used_bytes -= allocation.bytes;
  counters.live_bytes -= allocation.bytes;
  if (allocation.bytes <= FILLED_WHOLE) {
    fill_with_nan(address, allocation.bytes);
  } else {
    madvise(reinterpret_cast<void*>(round_up(address, 4096)), allocation.bytes - 4096,
            MADV_DONTNEED);
    fill_with_nan(address, allocation.bytes);
  }
  return intact ? SUCCESS : ILLEGAL_ADDRESS;
}

bool DeviceMemory::holds(uintptr_t address, size_t bytes) const {
  auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin()) {
    return false;
  }
  const auto& [begin, allocation] = *--after;
  return address - begin <= allocation.bytes && bytes <= allocation.bytes - (address - begin);
}

Result DeviceMemory::check_red_zones() const {
  for (const auto& [address, allocation] : allocations_) {
    if (!red_zone_intact(address, allocation.bytes)) {
      report("the memory behind an allocation of %zu bytes was written", allocation.bytes);
      return ILLEGAL_ADDRESS;
    }
  }
  return SUCCESS;
}

const char* DeviceMemory::describe(uintptr_t address) const {
  static char text[160];
  auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin() && after == allocations_.end()) {
    return "there are no live allocations";
  }
  if (after != allocations_.begin()) {
    const auto& [begin, allocation] = *std::prev(after);
    const uintptr_t end = begin + allocation.bytes;
    if (after == allocations_.end() || address - end < after->first - address) {
      snprintf(
          text, sizeof text, address < end ? "%zu bytes before the end of the allocation of %zu bytes at %#zx"
                                           : "%zu bytes after the end of the allocation of %zu bytes at %#zx",
          address < end ? end - address : address - end, allocation.bytes, begin);
      return text;
    }
  }
  snprintf(
      text, sizeof text, "%zu bytes before the allocation of %zu bytes at %#zx",
      after->first - address, after->second.bytes, after->first);
  return text;
}

Result PinnedMemory::allocate(Context* context, size_t bytes, void** address) {
  if (bytes == 0) {
    return INVALID_VALUE;
  }
  void* pages = fault_injection.refuses_allocation() ? nullptr : reserve_pages(bytes);
  if (pages == nullptr) {
    return OUT_OF_MEMORY;
  }
  blocks_[reinterpret_cast<uintptr_t>(pages)] = {bytes, context, true};
  *address = pages;
  return SUCCESS;
}

Result PinnedMemory::release(void* address) {
  const auto found = blocks_.find(reinterpret_cast<uintptr_t>(address));
  if (found == blocks_.end() || !found->second.own) {
    return INVALID_VALUE;
  }
  munmap(address, found->second.bytes);
  blocks_.erase(found);
  return SUCCESS;
}

Result PinnedMemory::register_range(Context* context, void* address, size_t bytes) {
  if (address == nullptr || bytes == 0) {
    return INVALID_VALUE;
  }
  const bool added =
      blocks_.emplace(reinterpret_cast<uintptr_t>(address), Block{bytes, context, false}).second;
  return added ? SUCCESS : HOST_MEMORY_ALREADY_REGISTERED;
}

Result PinnedMemory::unregister(void* address) {
  const auto found = blocks_.find(reinterpret_cast<uintptr_t>(address));
  if (found == blocks_.end() || found->second.own) {
    return HOST_MEMORY_NOT_REGISTERED;
  }
  blocks_.erase(found);
  return SUCCESS;
}

bool PinnedMemory::holds(const void* address, size_t bytes) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  auto after = blocks_.upper_bound(at);
  if (after == blocks_.begin()) {
    return false;
  }
  const auto& [begin, block] = *--after;
  return at - begin <= block.bytes && bytes <= block.bytes - (at - begin);
}

}  // namespace emulator
