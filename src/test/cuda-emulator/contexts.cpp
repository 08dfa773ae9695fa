#include "contexts.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "counters.h"
#include "graphs.h"
#include "library_calls.h"
#include "memory.h"
#include "modules.h"
#include "streams.h"

namespace emulator {

Counters counters;
FaultInjection fault_injection;
size_t device_bytes = DEFAULT_DEVICE_BYTES;
std::array<uint64_t, RESOURCE_KINDS> leaks = {};

namespace {

constexpr int MOST_DEVICES = 8;
bool initialised = false;
Context contexts[MOST_DEVICES];
thread_local Context* current = nullptr;

/** Objects of the libraries, which only they can look into. */
std::map<const void*, LibraryObject> library_objects;

const char* const RESOURCE_NAMES[RESOURCE_KINDS] = {
    "allocations of device memory", "page-locked blocks", "streams",        "events",
    "modules",                      "graphs",             "executable graphs", "cuBLAS handles",
    "cuRAND generators"};

bool named_by_environment(const char* variable) {
  const char* value = getenv(variable);
  return value != nullptr && *value != '\0' && strcmp(value, "0") != 0;
}

void count_leaks(Resource kind, uint64_t count) {
  if (count > 0) {
    leaks[static_cast<int>(kind)] += count;
    report(
        "the context ends with %llu live %s", static_cast<unsigned long long>(count),
        RESOURCE_NAMES[static_cast<int>(kind)]);
  }
}

uint64_t free_allocations_of(Context* context) {
  std::vector<uintptr_t> left;
  for (const auto& [address, allocation] : device_memory.allocations()) {
    if (allocation.context == context) {
      left.push_back(address);
    }
  }
  for (const uintptr_t address : left) {
    device_memory.release(address);
  }
  return left.size();
}

uint64_t free_pinned_blocks_of(const Context* context) {
  std::vector<uintptr_t> left;
  for (const auto& [address, block] : pinned_memory.blocks()) {
    if (block.context == context) {
      left.push_back(address);
    }
  }
  for (const uintptr_t address : left) {
    auto* pointer = reinterpret_cast<void*>(address);
    if (pinned_memory.release(pointer) != SUCCESS) {
      pinned_memory.unregister(pointer);
    }
  }
  return left.size();
}

uint64_t forget_library_objects_of(const Context* context, Resource kind) {
  return std::erase_if(library_objects, [&](const auto& entry) {
    return entry.second.context == context && entry.second.kind == kind;
  });
}

/** Ends a context as the driver does: what it still owns goes with it, and is counted. */
void end(Context* context) {
  if (context->sticky == SUCCESS) {
    run_context(context);
  }
  discard_pending(context);
  count_leaks(Resource::ALLOCATION, free_allocations_of(context));
  count_leaks(Resource::PINNED_BLOCK, free_pinned_blocks_of(context));
  count_leaks(Resource::STREAM, streams.remove_all_of(context));
  count_leaks(Resource::EVENT, events.remove_all_of(context));
  count_leaks(Resource::MODULE, modules.remove_all_of(context));
  count_leaks(Resource::GRAPH, graphs.remove_all_of(context));
  count_leaks(Resource::EXECUTABLE_GRAPH, executable_graphs.remove_all_of(context));
  for (const Resource kind : {Resource::CUBLAS_HANDLE, Resource::CURAND_GENERATOR}) {
    count_leaks(kind, forget_library_objects_of(context, kind));
  }
  context->sticky = SUCCESS;
  context->default_stream = nullptr;
}

void print_line(const char* format, va_list arguments) {
  char line[1024];
  vsnprintf(line, sizeof line, format, arguments);
  fprintf(stderr, "[CUDA emulator] %s\n", line);
}

}  // namespace

void report(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
}

void trace(const char* format, ...) {
  static const bool tracing = named_by_environment("TF_CUDA_TRACE");
  if (tracing) {
    va_list arguments;
    va_start(arguments, format);
    print_line(format, arguments);
    va_end(arguments);
  }
}

std::recursive_mutex& emulator_lock() {
  static std::recursive_mutex lock;
  return lock;
}

size_t Context::free_bytes() const {
  return device_bytes > used_bytes ? device_bytes - used_bytes : 0;
}

int device_count() {
  static const int count = [] {
    const char* value = getenv("TF_CUDA_DEVICES");
    return value == nullptr ? 1 : std::min(atoi(value), MOST_DEVICES);
  }();
  return count;
}

Context* primary_context(int device) { return &contexts[device]; }

Context* current_context() { return current; }

Call::Call(const char* name, Needs needs) : lock_(emulator_lock()), refusal_(SUCCESS) {
  trace("call %s", name);
  refusal_ = begin_library_call(name);
  if (refusal_ != SUCCESS) {
    return;
  }
  if (needs != Needs::NOTHING && !initialised) {
    refusal_ = NOT_INITIALIZED;
  } else if (needs == Needs::CONTEXT) {
    refusal_ = current == nullptr           ? INVALID_CONTEXT
               : current->references == 0   ? CONTEXT_IS_DESTROYED
                                            : current->sticky;
  }
}

int begin_library_call(const char* name) {
  const std::lock_guard<std::recursive_mutex> guard(emulator_lock());
  fault_injection.calls++;
  if (fault_injection.calls == fault_injection.failing_call) {
    trace("%s is made to fail with %d", name, fault_injection.code);
    return fault_injection.code;
  }
  return SUCCESS;
}

int enqueue_library_work(void* stream_handle, const char* name, std::function<int()> work) {
  const std::lock_guard<std::recursive_mutex> guard(emulator_lock());
  if (current == nullptr || current->references == 0) {
    return INVALID_CONTEXT;
  }
  if (current->sticky != SUCCESS) {
    return current->sticky;
  }
  const auto stream = stream_of(stream_handle);
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  return enqueue(
      stream,
      {name, NodeType::KERNEL, [work] { return static_cast<Result>(work()); }, {}});
}

bool in_device_memory(const void* address, size_t bytes) {
  const std::lock_guard<std::recursive_mutex> guard(emulator_lock());
  return bytes == 0 || device_memory.holds(reinterpret_cast<uintptr_t>(address), bytes);
}

void count_product() { counters.gemms++; }

bool add_library_object(const void* object, Resource kind) {
  const std::lock_guard<std::recursive_mutex> guard(emulator_lock());
  if (current == nullptr || current->references == 0) {
    return false;
  }
  library_objects[object] = {current, kind};
  return true;
}

bool holds_library_object(const void* object, Resource kind) {
  const std::lock_guard<std::recursive_mutex> guard(emulator_lock());
  const auto found = library_objects.find(object);
  return found != library_objects.end() && found->second.kind == kind;
}

void remove_library_object(const void* object) {
  const std::lock_guard<std::recursive_mutex> guard(emulator_lock());
  library_objects.erase(object);
}

int answer_unsupported(const char* name, int code) {
  const std::lock_guard<std::recursive_mutex> guard(emulator_lock());
  static std::set<std::string> named;
  counters.unsupported_calls++;
  if (named.insert(name).second) {
    report("%s is not emulated", name);
  }
  return code;
}

}  // namespace emulator

using namespace emulator;

CUDA_API cuInit(unsigned flags) {
  BEGIN_CALL(NOTHING)
  if (flags != 0) {
    return INVALID_VALUE;
  }
  if (device_count() == 0) {
    return NO_DEVICE;
  }
  initialised = true;
  return SUCCESS;
}

CUDA_API cuDriverGetVersion(int* version) {
  BEGIN_CALL(NOTHING)
  *version = 12060;
  return SUCCESS;
}

CUDA_API cuDeviceGetCount(int* count) {
  BEGIN_CALL(DRIVER)
  *count = device_count();
  return SUCCESS;
}

CUDA_API cuDeviceGet(int* device, int ordinal) {
  BEGIN_CALL(DRIVER)
  if (ordinal < 0 || ordinal >= device_count()) {
    return INVALID_DEVICE;
  }
  *device = ordinal;
  return SUCCESS;
}

CUDA_API cuDeviceGetName(char* name, int length, int) {
  BEGIN_CALL(DRIVER)
  snprintf(name, length, "CPU emulation of a CUDA device (tests)");
  return SUCCESS;
}

CUDA_API cuDeviceTotalMem_v2(size_t* bytes, int) {
  BEGIN_CALL(DRIVER)
  *bytes = device_bytes;
  return SUCCESS;
}

/** The attributes of a small device of compute capability 8.0, by their numbers in cuda.h. */
CUDA_API cuDeviceGetAttribute(int* value, int attribute, int) {
  BEGIN_CALL(DRIVER)
  static const std::map<int, int> attributes = {
      {1, 1024},          // threads per block
      {2, 1024},          // block in x
      {3, 1024},          // block in y
      {4, 64},            // block in z
      {5, 2147483647},    // grid in x
      {6, 65535},         // grid in y
      {7, 65535},         // grid in z
      {8, 48 << 10},      // shared memory per block
      {9, 64 << 10},      // constant memory
      {10, 32},           // warp
      {12, 65536},        // registers per block
      {13, 1'000'000},    // clock, kHz
      {15, 1},            // copies beside kernels
      {16, 2},            // multiprocessors
      {17, 0},            // time limit for kernels
      {18, 0},            // integrated
      {19, 1},            // maps host memory
      {20, 0},            // compute mode: default
      {31, 1},            // concurrent kernels
      {32, 0},            // ECC
      {36, 1'000'000},    // memory clock, kHz
      {37, 256},          // bus, bits
      {38, 4 << 20},      // L2 cache
      {39, 2048},         // threads per multiprocessor
      {40, 2},            // copy engines
      {41, 1},            // unified addressing
      {75, 8},            // compute capability
      {76, 0},            //
      {81, 164 << 10},    // shared memory per multiprocessor
      {82, 65536},        // registers per multiprocessor
      {83, 0},            // managed memory
      {95, 0},            // cooperative launch
      {97, 163 << 10},    // shared memory per block that a kernel may opt in to
      {106, 32},          // blocks per multiprocessor
      {111, 1 << 10},     // shared memory reserved per block
      {115, 0},           // memory pools
  };
  const auto found = attributes.find(attribute);
  if (found == attributes.end()) {
    report("device attribute %d is not emulated", attribute);
    return NOT_SUPPORTED;
  }
  *value = found->second;
  return SUCCESS;
}

CUDA_API cuDevicePrimaryCtxRetain(void** handle, int device) {
  BEGIN_CALL(DRIVER)
  if (device < 0 || device >= device_count()) {
    return INVALID_DEVICE;
  }
  Context* context = primary_context(device);
  context->device = device;
  if (context->references++ == 0) {
    context->default_stream = std::make_shared<Stream>();
    context->default_stream->context = context;
    context->default_stream->is_default = true;
  }
  *handle = context;
  return SUCCESS;
}

CUDA_API cuDevicePrimaryCtxRelease_v2(int device) {
  BEGIN_CALL(DRIVER)
  if (device < 0 || device >= device_count()) {
    return INVALID_DEVICE;
  }
  Context* context = primary_context(device);
  if (context->references == 0) {
    return INVALID_CONTEXT;
  }
  if (--context->references == 0) {
    end(context);
  }
  return SUCCESS;
}

CUDA_API cuCtxSetCurrent(void* context) {
  BEGIN_CALL(DRIVER)
  current = static_cast<Context*>(context);
  return SUCCESS;
}

CUDA_API cuCtxGetCurrent(void** context) {
  BEGIN_CALL(DRIVER)
  *context = current;
  return SUCCESS;
}

CUDA_API cuCtxGetDevice(int* device) {
  BEGIN_CALL(CONTEXT)
  *device = current->device;
  return SUCCESS;
}

CUDA_API cuCtxSynchronize() {
  BEGIN_CALL(CONTEXT)
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  return run_context(current);
}

CUDA_API cuGetErrorName(int code, const char** name) {
  static const std::map<int, const char*> names = {
      {SUCCESS, "CUDA_SUCCESS"},
      {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
      {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
      {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED"},
      {NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
      {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
      {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE"},
      {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"},
      {NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
      {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE"},
      {ILLEGAL_STATE, "CUDA_ERROR_ILLEGAL_STATE"},
      {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
      {NOT_READY, "CUDA_ERROR_NOT_READY"},
      {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
      {CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED"},
      {MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS"},
      {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
      {NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED"},
      {STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"},
      {STREAM_CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"},
      {STREAM_CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION"},
      {999, "CUDA_ERROR_UNKNOWN"},
  };
  const auto found = names.find(code);
  *name = found == names.end() ? nullptr : found->second;
  return *name == nullptr ? INVALID_VALUE : SUCCESS;
}

CUDA_API cuGetErrorString(int code, const char** text) { return cuGetErrorName(code, text); }
