// Allocation, copies and fills, as the driver API has them.
#include <algorithm>
#include <cstring>

#include "contexts.h"
#include "counters.h"
#include "memory.h"
#include "streams.h"

namespace emulator {
namespace {

/** One end of a copy: an address in device memory or on the host. */
struct End {
  uintptr_t address;
  bool on_device;
  size_t pitch;

  /** Whether `height` rows of `width` bytes are there. */
  bool holds(size_t width, size_t height) const {
    for (size_t row = 0; on_device && row < height; row++) {
      if (!device_memory.holds(address + row * pitch, width)) {
        return false;
      }
    }
    return true;
  }
  /** Whether it is still there when a queued operation runs; what a waiting host gave must be. */
  bool survives(size_t width, size_t height, bool host_waits) const {
    return on_device ? holds(width, height) : host_waits || page_locked(width, height);
  }
  bool page_locked(size_t width, size_t height) const {
    return pinned_memory.holds(
        reinterpret_cast<void*>(address), (height - 1) * pitch + width);
  }
};

End device(uintptr_t address, size_t pitch = 0) { return {address, true, pitch}; }
End host(const void* address, size_t pitch = 0) {
  return {reinterpret_cast<uintptr_t>(address), false, pitch};
}

/** Queues a copy of `height` rows of `width` bytes. */
Result copy(
    const char* name, End target, End source, size_t width, size_t height, bool host_waits,
    const std::shared_ptr<Stream>& stream) {
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  if (width == 0 || height == 0) {
    return SUCCESS;
  }
  if (!target.holds(width, height) || !source.holds(width, height)) {
    report("%s: not inside one allocation of device memory", name);
    return INVALID_VALUE;
  }
  return enqueue(stream, {name, NodeType::MEMCPY,
                          [=] {
                            // It may have been freed since.
                            if (!target.survives(width, height, host_waits) ||
                                !source.survives(width, height, host_waits)) {
                              report("%s: its memory was freed before it ran", name);
                              return ILLEGAL_ADDRESS;
                            }
                            counters.copies++;
                            for (size_t row = 0; row < height; row++) {
                              memmove(
                                  reinterpret_cast<void*>(target.address + row * target.pitch),
                                  reinterpret_cast<void*>(source.address + row * source.pitch),
                                  width);
                            }
                            return SUCCESS;
                          },
                          {}});
}

/**
 * A copy that overlaps the host's work needs page-locked memory: the driver would copy other memory
 * at once, silently, and nothing would overlap.
 */
Result copy_async(
    const char* name, End target, End source, size_t width, size_t height, void* stream) {
  for (const End& end : {target, source}) {
    if (!end.on_device && width > 0 && height > 0 && !end.page_locked(width, height)) {
      report("%s: host memory that is not page-locked", name);
      return INVALID_VALUE;
    }
  }
  return copy(name, target, source, width, height, false, stream_of(stream));
}

/**
 * A copy that the host waits for, ordered as work of the default stream. The host does not wait for a
 * copy inside the device.
 */
Result copy_and_wait(
    const char* name, End target, End source, size_t width, size_t height = 1) {
  if (const Result refused = refuse_while_capturing(name)) {
    return refused;
  }
  const auto stream = stream_of(nullptr);
  const Result result = copy(name, target, source, width, height, true, stream);
  const bool inside_device = target.on_device && source.on_device;
  return result == SUCCESS && !inside_device ? run_all(stream) : result;
}

template <class T>
Result fill(
    const char* name, uintptr_t address, T value, size_t count,
    const std::shared_ptr<Stream>& stream) {
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  if (count == 0) {
    return SUCCESS;
  }
  if (!device_memory.holds(address, count * sizeof(T))) {
    report("%s: not inside one allocation of device memory", name);
    return INVALID_VALUE;
  }
  return enqueue(stream, {name, NodeType::MEMSET,
                          [=] {
                            if (!device_memory.holds(address, count * sizeof(T))) {
                              report("%s: its memory was freed before it ran", name);
                              return ILLEGAL_ADDRESS;
                            }
                            std::fill_n(reinterpret_cast<T*>(address), count, value);
                            return SUCCESS;
                          },
                          {}});
}

/** CUDA_MEMCPY2D of cuda.h. */
struct Copy2D {
  size_t source_x, source_y;
  int source_type;
  const void* source_host;
  uintptr_t source_device;
  void* source_array;
  size_t source_pitch;
  size_t target_x, target_y;
  int target_type;
  void* target_host;
  uintptr_t target_device;
  void* target_array;
  size_t target_pitch;
  size_t width, height;
};
constexpr int HOST_MEMORY = 1, DEVICE_MEMORY = 2;

/** One side of such a copy; arrays and rows longer than their pitch are refused. */
Result end_of(
    int type, const void* host_memory, uintptr_t device_memory_at, size_t x, size_t y, size_t pitch,
    const Copy2D& copy, End* end) {
  if ((type != HOST_MEMORY && type != DEVICE_MEMORY) ||
      (copy.height > 1 && pitch < x + copy.width)) {
    return INVALID_VALUE;
  }
  const size_t offset = y * pitch + x;
  *end = type == DEVICE_MEMORY ? device(device_memory_at + offset, pitch)
                               : host(static_cast<const char*>(host_memory) + offset, pitch);
  return SUCCESS;
}

Result ends_of(const Copy2D* copy, End* target, End* source) {
  if (copy == nullptr) {
    return INVALID_VALUE;
  }
  if (const Result refused = end_of(
          copy->source_type, copy->source_host, copy->source_device, copy->source_x,
          copy->source_y, copy->source_pitch, *copy, source)) {
    return refused;
  }
  return end_of(
      copy->target_type, copy->target_host, copy->target_device, copy->target_x, copy->target_y,
      copy->target_pitch, *copy, target);
}

}  // namespace
}  // namespace emulator

using namespace emulator;

CUDA_API cuMemGetInfo_v2(size_t* free, size_t* total) {
  BEGIN_CALL(CONTEXT)
  *free = current_context()->free_bytes();
  *total = device_bytes;
  return SUCCESS;
}

CUDA_API cuMemAlloc_v2(uintptr_t* address, size_t bytes) {
  BEGIN_CALL(CONTEXT)
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  return device_memory.allocate(current_context(), bytes, address);
}

/**
 * Nothing is waited for: CUDA's documentation does not promise it, so work that is still queued then
 * finds its memory gone.
 */
CUDA_API cuMemFree_v2(uintptr_t address) {
  BEGIN_CALL(CONTEXT)
  if (address == 0) {
    return SUCCESS;
  }
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  const Result result = device_memory.release(address);
  if (result == ILLEGAL_ADDRESS) {
    current_context()->sticky = result;
  }
  return result;
}

CUDA_API cuMemAllocHost_v2(void** address, size_t bytes) {
  BEGIN_CALL(CONTEXT)
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  return pinned_memory.allocate(current_context(), bytes, address);
}

CUDA_API cuMemFreeHost(void* address) {
  BEGIN_CALL(CONTEXT)
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  run_context(current_context());
  return pinned_memory.release(address);
}

CUDA_API cuMemHostRegister_v2(void* address, size_t bytes, unsigned) {
  BEGIN_CALL(CONTEXT)
  return pinned_memory.register_range(current_context(), address, bytes);
}

CUDA_API cuMemHostUnregister(void* address) {
  BEGIN_CALL(CONTEXT)
  run_context(current_context());
  return pinned_memory.unregister(address);
}

CUDA_API cuMemcpyHtoD_v2(uintptr_t target, const void* source, size_t bytes) {
  BEGIN_CALL(CONTEXT)
  return copy_and_wait(__func__, device(target), host(source), bytes);
}

CUDA_API cuMemcpyDtoH_v2(void* target, uintptr_t source, size_t bytes) {
  BEGIN_CALL(CONTEXT)
  return copy_and_wait(__func__, host(target), device(source), bytes);
}

CUDA_API cuMemcpyDtoD_v2(uintptr_t target, uintptr_t source, size_t bytes) {
  BEGIN_CALL(CONTEXT)
  return copy_and_wait(__func__, device(target), device(source), bytes);
}

CUDA_API cuMemcpyHtoDAsync_v2(uintptr_t target, const void* source, size_t bytes, void* stream) {
  BEGIN_CALL(CONTEXT)
  return copy_async(__func__, device(target), host(source), bytes, 1, stream);
}

CUDA_API cuMemcpyDtoHAsync_v2(void* target, uintptr_t source, size_t bytes, void* stream) {
  BEGIN_CALL(CONTEXT)
  return copy_async(__func__, host(target), device(source), bytes, 1, stream);
}

CUDA_API cuMemcpyDtoDAsync_v2(uintptr_t target, uintptr_t source, size_t bytes, void* stream) {
  BEGIN_CALL(CONTEXT)
  return copy_async(__func__, device(target), device(source), bytes, 1, stream);
}

CUDA_API cuMemcpy2D_v2(const Copy2D* copy) {
  BEGIN_CALL(CONTEXT)
  End target, source;
  const Result refused = ends_of(copy, &target, &source);
  return refused != SUCCESS
             ? refused
             : copy_and_wait(__func__, target, source, copy->width, copy->height);
}

CUDA_API cuMemcpy2DAsync_v2(const Copy2D* copy, void* stream) {
  BEGIN_CALL(CONTEXT)
  End target, source;
  const Result refused = ends_of(copy, &target, &source);
  return refused != SUCCESS
             ? refused
             : copy_async(__func__, target, source, copy->width, copy->height, stream);
}

CUDA_API cuMemsetD8Async(uintptr_t address, unsigned char value, size_t count, void* stream) {
  BEGIN_CALL(CONTEXT)
  return fill(__func__, address, value, count, stream_of(stream));
}

CUDA_API cuMemsetD8_v2(uintptr_t address, unsigned char value, size_t count) {
  BEGIN_CALL(CONTEXT)
  return fill(__func__, address, value, count, stream_of(nullptr));
}

CUDA_API cuMemsetD32Async(uintptr_t address, unsigned value, size_t count, void* stream) {
  BEGIN_CALL(CONTEXT)
  return fill(__func__, address, value, count, stream_of(stream));
}

CUDA_API cuMemsetD32_v2(uintptr_t address, unsigned value, size_t count) {
  BEGIN_CALL(CONTEXT)
  return fill(__func__, address, value, count, stream_of(nullptr));
}
