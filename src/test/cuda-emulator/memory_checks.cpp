// Every memory access of a kernel passes here: the kernels are compiled with -fsanitize=thread and
// these functions stand in for that sanitizer's runtime. They know nothing of threads; they check and
// count.
//
// An access may touch live device memory, the shared memory of the block, the constants of the kernel
// library, a local array (a fiber's stack) or page-locked host memory. Everything else ends the
// launch with ILLEGAL_ADDRESS before the access happens. Accesses to device memory are counted with
// their true size: a float4 is one access of 16 bytes (or four of 4 where the compiler takes its
// members one by one), and what the compiler keeps in registers is not counted again.
#include <cstdint>
#include <vector>

#include "counters.h"
#include "kernel_library.h"
#include "launch.h"
#include "memory.h"

namespace emulator {
namespace {

enum class Access { READ, WRITE, ATOMIC };

const char* name_of(Access access) {
  switch (access) {
    case Access::READ: return "read";
    case Access::WRITE: return "write";
    default: return "atomic operation";
  }
}

[[noreturn]] __attribute__((noinline)) void refuse(
    uintptr_t address, size_t bytes, Access access, const char* where) {
  report(
      "illegal %s of %zu bytes at %#zx in %s, block (%u,%u,%u), thread (%u,%u,%u): %s",
      name_of(access), bytes, address, running.kernel, running.block.x, running.block.y,
      running.block.z, running.thread.x, running.thread.y, running.thread.z, where);
  abandon_launch(ILLEGAL_ADDRESS);
}

/**
 * The last accesses to one 4-byte word of shared memory, to find two of different threads, one of
 * them a write, that no barrier orders. A block barrier orders all threads, __syncwarp those of a
 * warp; shuffles and votes order no memory. Two threads that write different bytes of one word count
 * as a conflict.
 */
struct SharedWord {
  uint64_t write_block_epoch = 0, write_warp_epoch = 0;
  uint64_t read_block_epoch = 0, read_warp_epoch = 0;
  uint16_t writer = 0, reader = 0;
  bool atomic_write = false;
  bool several_readers = false, several_reading_warps = false;
};
std::vector<SharedWord> shared_words;

bool unordered(uint64_t block_epoch, uint64_t warp_epoch, unsigned other) {
  return block_epoch == running.block_epoch &&
         (other / warpSize != running.linear_thread / warpSize || warp_epoch == running.warp_epoch);
}

[[noreturn]] __attribute__((noinline)) void report_race(
    size_t offset, Access access, Access before, unsigned other) {
  counters.races++;
  report(
      "race in %s, block (%u,%u,%u): thread %u's %s of the shared word at offset %zu and the %s of "
      "thread %u are not ordered by a barrier",
      running.kernel, running.block.x, running.block.y, running.block.z, running.linear_thread,
      name_of(access), offset, name_of(before), other);
  abandon_launch(LAUNCH_FAILED);
}

void check_shared_word(size_t offset, Access access) {
  SharedWord& word = shared_words[offset / 4];
  const unsigned me = running.linear_thread;
  if (word.writer != me && unordered(word.write_block_epoch, word.write_warp_epoch, word.writer) &&
      !(access == Access::ATOMIC && word.atomic_write)) {
    report_race(
        offset, access, word.atomic_write ? Access::ATOMIC : Access::WRITE, word.writer);
  }
  if (access == Access::READ) {
    const bool first = !unordered(word.read_block_epoch, word.read_warp_epoch, word.reader);
    if (first) {
      word.several_readers = word.several_reading_warps = false;
    } else if (word.reader != me) {
      word.several_readers = true;
      word.several_reading_warps |= word.reader / warpSize != me / warpSize;
    }
    word.read_block_epoch = running.block_epoch;
    word.read_warp_epoch = running.warp_epoch;
    word.reader = static_cast<uint16_t>(me);
    return;
  }
  const bool read_by_others = word.reader != me || word.several_readers;
  const bool read_unordered =
      (word.several_reading_warps && word.read_block_epoch == running.block_epoch) ||
      unordered(word.read_block_epoch, word.read_warp_epoch, word.reader);
  if (read_by_others && read_unordered) {
    report_race(offset, access, Access::READ, word.reader);
  }
  word.write_block_epoch = running.block_epoch;
  word.write_warp_epoch = running.warp_epoch;
  word.writer = static_cast<uint16_t>(me);
  word.atomic_write = access == Access::ATOMIC;
}

void check_shared(uintptr_t address, size_t bytes, Access access) {
  const size_t beyond = address + bytes - shared_memory.dynamic;
  if (address >= shared_memory.dynamic &&
      address < shared_memory.dynamic + shared_memory.dynamic_capacity &&
      beyond > shared_memory.dynamic_bytes) {
    refuse(address, bytes, access, "beyond the dynamic shared memory of the launch");
  }
  if (shared_words.size() * 4 < shared_memory.all.bytes + 64) {
    shared_words.assign(shared_memory.all.bytes / 4 + 16, {});
  }
  const size_t offset = address - shared_memory.all.base;
  for (size_t at = offset / 4 * 4; at < offset + bytes; at += 4) {
    check_shared_word(at, access);
  }
}

void check_elsewhere(uintptr_t address, size_t bytes, Access access) {
  if (shared_memory.all.holds(address)) {
    check_shared(address, bytes, access);
    return;
  }
  if (fiber_stacks.holds(address) || pinned_memory.holds(reinterpret_cast<void*>(address), bytes)) {
    return;
  }
  if (kernel_constants.holds(address)) {
    if (access != Access::READ) {
      refuse(address, bytes, access, "constants of the module are read-only");
    }
    return;
  }
  refuse(address, bytes, access, address < 4096 ? "a null pointer" : "not device memory");
}

inline void check(const void* pointer, size_t bytes, Access access) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  const Region arena = device_memory.arena();
  if (!arena.holds(address)) {
    check_elsewhere(address, bytes, access);
    return;
  }
  const uint16_t* allocated = device_memory.allocated_of_granule();
  const size_t offset = address - arena.base;
  const size_t in_granule = offset % DeviceMemory::GRANULE;
  // An access across granules goes the slow way.
  if (in_granule + bytes > allocated[offset / DeviceMemory::GRANULE] &&
      !device_memory.holds(address, bytes)) {
    refuse(address, bytes, access, device_memory.describe(address));
  }
  if (access != Access::WRITE) {
    counters.bytes_read += bytes;
  }
  if (access != Access::READ) {
    counters.bytes_written += bytes;
  }
}

}  // namespace
}  // namespace emulator

using emulator::Access;
using emulator::check;

extern "C" {

#define CHECKED(bytes)                                                                     \
  EMULATOR_EXPORT void __tsan_read##bytes(void* address) {                                 \
    check(address, bytes, Access::READ);                                                   \
  }                                                                                        \
  EMULATOR_EXPORT void __tsan_write##bytes(void* address) {                                \
    check(address, bytes, Access::WRITE);                                                  \
  }                                                                                        \
  EMULATOR_EXPORT void __tsan_unaligned_read##bytes(void* address) {                       \
    check(address, bytes, Access::READ);                                                   \
  }                                                                                        \
  EMULATOR_EXPORT void __tsan_unaligned_write##bytes(void* address) {                      \
    check(address, bytes, Access::WRITE);                                                  \
  }                                                                                        \
  EMULATOR_EXPORT void __tsan_volatile_read##bytes(void* address) {                        \
    check(address, bytes, Access::READ);                                                   \
  }                                                                                        \
  EMULATOR_EXPORT void __tsan_volatile_write##bytes(void* address) {                       \
    check(address, bytes, Access::WRITE);                                                  \
  }
CHECKED(1)
CHECKED(2)
CHECKED(4)
CHECKED(8)
CHECKED(16)
#undef CHECKED

EMULATOR_EXPORT void __tsan_read_range(void* address, size_t bytes) {
  check(address, bytes, Access::READ);
}
EMULATOR_EXPORT void __tsan_write_range(void* address, size_t bytes) {
  check(address, bytes, Access::WRITE);
}
EMULATOR_EXPORT void emulated_atomic(const void* address, size_t bytes) {
  check(address, bytes, Access::ATOMIC);
}

// The kernels are compiled with -fsanitize=alignment as well: a float4 at an address that is no
// multiple of 16 is an error on the device, whichever members are used. The leading fields of the
// compiler's description are the source position.
struct SourcePosition {
  const char* file;
  uint32_t line, column;
};
EMULATOR_EXPORT void __ubsan_handle_type_mismatch_v1_abort(
    const SourcePosition* position, void* address) {
  emulator::report(
      "misaligned access at %p in %s (%s:%u), block (%u,%u,%u), thread (%u,%u,%u)", address,
      emulator::running.kernel, position->file, position->line, emulator::running.block.x,
      emulator::running.block.y, emulator::running.block.z, emulator::running.thread.x,
      emulator::running.thread.y, emulator::running.thread.z);
  emulator::abandon_launch(emulator::MISALIGNED_ADDRESS);
}
EMULATOR_EXPORT void __tsan_init() {}
EMULATOR_EXPORT void __tsan_func_entry(void*) {}
EMULATOR_EXPORT void __tsan_func_exit(void*) {}
}
