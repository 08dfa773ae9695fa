#include "modules.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "counters.h"
#include "kernel_library.h"
#include "launch.h"
#include "library_calls.h"
#include "streams.h"

namespace emulator {

Handles<Module> modules;

namespace {

constexpr size_t DEFAULT_DYNAMIC_BYTES = 48 << 10;
constexpr size_t SHARED_BYTES_PER_MULTIPROCESSOR = 164 << 10;
constexpr unsigned MOST_THREADS = 1024;
constexpr int THREADS_PER_MULTIPROCESSOR = 2048;
constexpr int BLOCKS_PER_MULTIPROCESSOR = 32;
constexpr size_t RESERVED_SHARED_BYTES_PER_BLOCK = 1 << 10;
constexpr int WARP = 32;

/** What an image says it is, by its first bytes. */
enum class Image { FATBIN, MACHINE_CODE, PTX, UNKNOWN };

Image kind_of(const void* image) {
  static constexpr unsigned char FATBIN_MAGIC[] = {0x50, 0xED, 0x55, 0xBA};
  if (memcmp(image, FATBIN_MAGIC, sizeof FATBIN_MAGIC) == 0) {
    return Image::FATBIN;
  }
  if (memcmp(image, "\177ELF", 4) == 0) {
    return Image::MACHINE_CODE;
  }
  return strstr(static_cast<const char*>(image), ".version") != nullptr ? Image::PTX
                                                                        : Image::UNKNOWN;
}

/** Stands for a driver that is older than the compiler of the machine code. */
bool refuses_machine_code() { return getenv("TF_CUDA_REFUSE_MACHINE_CODE") != nullptr; }

Function* function_of(void* handle) {
  for (const auto& [key, module] : modules.all()) {
    for (const auto& [name, function] : module->functions) {
      if (function.get() == handle) {
        return function.get();
      }
    }
  }
  return nullptr;
}

/** The driver copies arguments at the launch; so are they here, each at an aligned address. */
using Arguments = std::vector<std::vector<uint64_t>>;

Arguments copied(const KernelEntry& entry, void* const* parameters) {
  Arguments arguments;
  for (unsigned i = 0; i < entry.argument_count; i++) {
    std::vector<uint64_t> words((entry.argument_bytes[i] + 7) / 8 + 1);
    memcpy(words.data(), parameters[i], entry.argument_bytes[i]);
    arguments.push_back(std::move(words));
  }
  return arguments;
}

Result check_shape(const Function& function, const LaunchShape& shape) {
  const uint3 grid = shape.grid, block = shape.block;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || block.x == 0 || block.y == 0 || block.z == 0 ||
      grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535 || block.x > MOST_THREADS ||
      block.y > MOST_THREADS || block.z > 64) {
    return INVALID_VALUE;
  }
  const uint64_t threads = static_cast<uint64_t>(block.x) * block.y * block.z;
  if (threads > MOST_THREADS || shape.dynamic_shared_bytes > function.most_dynamic_bytes) {
    report(
        "%s: %llu threads and %zu bytes of dynamic shared memory; at most %u and %zu",
        function.entry->name, static_cast<unsigned long long>(threads),
        shape.dynamic_shared_bytes, MOST_THREADS, function.most_dynamic_bytes);
    return INVALID_VALUE;
  }
  if (threads > function.entry->launch_bound) {
    report(
        "%s: %llu threads exceed its launch bound of %u", function.entry->name,
        static_cast<unsigned long long>(threads), function.entry->launch_bound);
    return LAUNCH_OUT_OF_RESOURCES;
  }
  return SUCCESS;
}

}  // namespace
}  // namespace emulator

using namespace emulator;

CUDA_API cuModuleLoadDataEx(void** handle, const void* image, unsigned, int*, void**) {
  BEGIN_CALL(CONTEXT)
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  if (handle == nullptr || image == nullptr) {
    return INVALID_VALUE;
  }
  const Image kind = kind_of(image);
  if (kind == Image::UNKNOWN) {
    return INVALID_IMAGE;
  }
  if (kind != Image::PTX && refuses_machine_code()) {
    return NO_BINARY_FOR_GPU;
  }
  if (!load_kernel_library()) {
    return NO_BINARY_FOR_GPU;
  }
  auto module = std::make_shared<Module>();
  module->context = current_context();
  *handle = modules.add(std::move(module));
  return SUCCESS;
}

CUDA_API cuModuleLoadData(void** handle, const void* image) {
  return cuModuleLoadDataEx(handle, image, 0, nullptr, nullptr);
}

CUDA_API cuModuleUnload(void* handle) {
  BEGIN_CALL(CONTEXT)
  return modules.remove(handle) ? SUCCESS : INVALID_HANDLE;
}

CUDA_API cuModuleGetFunction(void** handle, void* module_handle, const char* name) {
  BEGIN_CALL(CONTEXT)
  const auto module = modules.find(module_handle);
  if (module == nullptr) {
    return INVALID_HANDLE;
  }
  const KernelEntry* entry = find_kernel(name);
  if (entry == nullptr) {
    report("there is no kernel %s", name);
    return NOT_FOUND;
  }
  auto& function = module->functions[name];
  if (function == nullptr) {
    function = std::make_unique<Function>(Function{entry, DEFAULT_DYNAMIC_BYTES});
  }
  *handle = function.get();
  return SUCCESS;
}

CUDA_API cuFuncGetAttribute(int* value, int attribute, void* handle) {
  BEGIN_CALL(CONTEXT)
  constexpr int THREADS_PER_BLOCK = 0, DYNAMIC_BYTES = 8;
  const Function* function = function_of(handle);
  if (function == nullptr) {
    return INVALID_HANDLE;
  }
  if (attribute == THREADS_PER_BLOCK) {
    *value = static_cast<int>(function->entry->launch_bound);
  } else if (attribute == DYNAMIC_BYTES) {
    *value = static_cast<int>(function->most_dynamic_bytes);
  } else {
    return answer_unsupported("cuFuncGetAttribute of this attribute", NOT_SUPPORTED);
  }
  return SUCCESS;
}

CUDA_API cuFuncSetAttribute(void* handle, int attribute, int value) {
  BEGIN_CALL(CONTEXT)
  constexpr int DYNAMIC_BYTES = 8;
  Function* function = function_of(handle);
  if (function == nullptr) {
    return INVALID_HANDLE;
  }
  if (attribute != DYNAMIC_BYTES) {
    return answer_unsupported("cuFuncSetAttribute of this attribute", NOT_SUPPORTED);
  }
  if (value < 0 || value > 163 << 10) {
    return INVALID_VALUE;
  }
  function->most_dynamic_bytes = static_cast<size_t>(value);
  return SUCCESS;
}

CUDA_API cuOccupancyMaxActiveBlocksPerMultiprocessor(
    int* blocks, void* handle, int threads, size_t dynamic_bytes) {
  BEGIN_CALL(CONTEXT)
  const Function* function = function_of(handle);
  if (function == nullptr) {
    return INVALID_HANDLE;
  }
  if (threads < 1) {
    return INVALID_VALUE;
  }
  const int whole_warps = (threads + WARP - 1) / WARP * WARP;
  const bool fits = threads <= static_cast<int>(function->entry->launch_bound) &&
                    dynamic_bytes <= function->most_dynamic_bytes;
  *blocks = !fits ? 0
                  : std::min(
                        {THREADS_PER_MULTIPROCESSOR / whole_warps, BLOCKS_PER_MULTIPROCESSOR,
                         static_cast<int>(
                             SHARED_BYTES_PER_MULTIPROCESSOR /
                             (dynamic_bytes + RESERVED_SHARED_BYTES_PER_BLOCK))});
  return SUCCESS;
}

CUDA_API cuLaunchKernel(
    void* handle,
    unsigned grid_x,
    unsigned grid_y,
    unsigned grid_z,
    unsigned block_x,
    unsigned block_y,
    unsigned block_z,
    unsigned dynamic_bytes,
    void* stream_handle,
    void** parameters,
    void** extra) {
  BEGIN_CALL(CONTEXT)
  const Function* function = function_of(handle);
  const auto stream = stream_of(stream_handle);
  if (function == nullptr || stream == nullptr) {
    return INVALID_HANDLE;
  }
  if (extra != nullptr) {
    return answer_unsupported("cuLaunchKernel with extra arguments", NOT_SUPPORTED);
  }
  const KernelEntry* entry = function->entry;
  if (entry->argument_count > 0 && parameters == nullptr) {
    return INVALID_VALUE;
  }
  const LaunchShape shape = {
      {grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, dynamic_bytes};
  if (const Result refused = check_shape(*function, shape)) {
    return refused;
  }
  auto arguments = std::make_shared<Arguments>(copied(*entry, parameters));
  return enqueue(stream, {entry->name, NodeType::KERNEL,
                          [entry, shape, arguments] {
                            counters.kernel_launches++;
                            std::vector<void*> addresses;
                            for (auto& words : *arguments) {
                              addresses.push_back(words.data());
                            }
                            return run_kernel(*entry, shape, addresses.data());
                          },
                          {}});
}
