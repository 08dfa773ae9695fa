// Modules: whatever image is loaded, its kernels are those of libemulated_kernels.so.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "contexts.h"
#include "kernel_table.h"

namespace emulator {

struct Function {
  const KernelEntry* entry;
  /** Above this a launch's dynamic shared memory is refused; cuFuncSetAttribute raises it. */
  size_t most_dynamic_bytes;
};

struct Module {
  Context* context;
  std::map<std::string, std::unique_ptr<Function>> functions;
};

extern Handles<Module> modules;

}  // namespace emulator
