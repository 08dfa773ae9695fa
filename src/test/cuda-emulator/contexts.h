// Devices, their primary contexts, and what every call of the API has in common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "results.h"

namespace emulator {

struct Stream;

/** The primary context of a device, the only kind that is emulated. */
struct Context {
  int device = 0;
  int references = 0;
  size_t used_bytes = 0;
  /** After a failed kernel every call answers this, as on the device. */
  Result sticky = SUCCESS;
  std::shared_ptr<Stream> default_stream;

  size_t free_bytes() const;
};

int device_count();
Context* primary_context(int device);
Context* current_context();

/** What a device has; CudaEmulator.freeMemory sets it. */
extern size_t device_bytes;
constexpr size_t DEFAULT_DEVICE_BYTES = 4ull << 30;

/** What can be alive when a context ends; the order is that of CudaEmulator.Resource. */
enum class Resource : int {
  ALLOCATION,
  PINNED_BLOCK,
  STREAM,
  EVENT,
  MODULE,
  GRAPH,
  EXECUTABLE_GRAPH,
  CUBLAS_HANDLE,
  CURAND_GENERATOR,
};
constexpr int RESOURCE_KINDS = 9;

/** How many of each kind were alive at the ends of contexts since reset(). */
extern std::array<uint64_t, RESOURCE_KINDS> leaks;

/** The live objects of one kind; a handle is an object's address. T has a member `context`. */
template <class T>
class Handles {
 public:
  T* add(std::shared_ptr<T> object) {
    T* handle = object.get();
    objects_[handle] = std::move(object);
    return handle;
  }
  std::shared_ptr<T> find(const void* handle) const {
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  bool remove(const void* handle) { return objects_.erase(handle) != 0; }

  /** Forgets the objects of a context; returns how many there were. */
  uint64_t remove_all_of(const Context* context) {
    return std::erase_if(
        objects_, [context](const auto& entry) { return entry.second->context == context; });
  }
  const std::map<const void*, std::shared_ptr<T>>& all() const { return objects_; }

 private:
  std::map<const void*, std::shared_ptr<T>> objects_;
};

/** Makes one call of an API the k-th from now fail, or one allocation find no memory. */
struct FaultInjection {
  uint64_t calls = 0;
  uint64_t failing_call = 0;
  int code = 0;
  uint64_t allocations = 0;
  uint64_t failing_allocation = 0;

  bool refuses_allocation() { return ++allocations == failing_allocation; }
};
extern FaultInjection fault_injection;

enum class Needs { NOTHING, DRIVER, CONTEXT };

/** One call of the driver API: holds the emulator's lock, counts, and decides whether it may run. */
class Call {
 public:
  Call(const char* name, Needs needs);
  int refusal() const { return refusal_; }

 private:
  std::lock_guard<std::recursive_mutex> lock_;
  int refusal_;
};

std::recursive_mutex& emulator_lock();

}  // namespace emulator

/** First line of every function of the driver API. */
#define BEGIN_CALL(needs)                                                                  \
  const emulator::Call call_guard(__func__, emulator::Needs::needs);                       \
  if (call_guard.refusal() != 0) {                                                         \
    return call_guard.refusal();                                                           \
  }
