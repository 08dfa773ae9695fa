// The native methods of io.tangentflow.testing.CudaEmulator. Their arguments are primitive, so no header
// of the JDK is needed: the first two parameters are the JNI environment and the class.
#include <cstdint>
#include <numeric>

#include "contexts.h"
#include "counters.h"
#include "launch.h"
#include "library_calls.h"
#include "memory.h"
#include "streams.h"

using namespace emulator;

#define NATIVE(type, name) \
  extern "C" EMULATOR_EXPORT type Java_io_tangentflow_testing_CudaEmulator_##name
#define LOCKED const std::lock_guard<std::recursive_mutex> guard(emulator_lock());

/** For the generated stubs of the driver. */
extern "C" int emulator_unsupported(const char* name) {
  return answer_unsupported(name, NOT_SUPPORTED);
}

NATIVE(void, setOrder)(void*, void*, int order) { LOCKED set_order(static_cast<Order>(order)); }

NATIVE(void, reset)(void*, void*) {
  LOCKED
  const size_t live = counters.live_bytes, peak = counters.peak_bytes;
  counters = {};
  counters.live_bytes = live;
  counters.peak_bytes = peak;
  fault_injection = {};
  leaks = {};
  device_bytes = DEFAULT_DEVICE_BYTES;
  for (int device = 0; device < device_count(); device++) {
    primary_context(device)->sticky = SUCCESS;
  }
}

#define COUNTER(name, expression) \
  NATIVE(int64_t, name)(void*, void*) { LOCKED return static_cast<int64_t>(expression); }
COUNTER(kernelLaunches, counters.kernel_launches)
COUNTER(gemms, counters.gemms)
COUNTER(graphLaunches, counters.graph_launches)
COUNTER(copies, counters.copies)
COUNTER(bytesRead, counters.bytes_read)
COUNTER(bytesWritten, counters.bytes_written)
COUNTER(races, counters.races)
COUNTER(unsupportedCalls, counters.unsupported_calls)
COUNTER(liveAllocations, device_memory.allocations().size())
COUNTER(liveBytes, counters.live_bytes)
COUNTER(peakBytes, counters.peak_bytes)
COUNTER(pendingOperations, pending_operations())
COUNTER(callsSince, fault_injection.calls)
COUNTER(allocationsSince, fault_injection.allocations)
COUNTER(leaks, std::accumulate(leaks.begin(), leaks.end(), uint64_t{0}))

NATIVE(void, resetPeak)(void*, void*) { LOCKED counters.peak_bytes = counters.live_bytes; }

NATIVE(void, failCall)(void*, void*, int64_t k, int code) {
  LOCKED
  fault_injection.failing_call = fault_injection.calls + k;
  fault_injection.code = code;
}

NATIVE(void, failAllocation)(void*, void*, int64_t k) {
  LOCKED fault_injection.failing_allocation = fault_injection.allocations + k;
}

NATIVE(void, freeMemory)(void*, void*, int64_t bytes) {
  LOCKED device_bytes = static_cast<size_t>(bytes);
}
