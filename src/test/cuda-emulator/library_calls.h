// What libcublas and libcurand need of the driver's side: they are libraries of their own, as on a
// machine with CUDA, so that one of them can be missing.
#pragma once

#include <cstddef>
#include <functional>

#include "contexts.h"
#include "results.h"

namespace emulator {

struct LibraryObject {
  const Context* context;
  Resource kind;
};

/** Counts a call; the code that fault injection makes it answer, or 0. */
EMULATOR_EXPORT int begin_library_call(const char* name);

/** Queues work that answers a result of the driver; a result of the driver. */
EMULATOR_EXPORT int enqueue_library_work(
    void* stream, const char* name, std::function<int()> work);

/** Whether [address, address + bytes) lies inside one live allocation. */
EMULATOR_EXPORT bool in_device_memory(const void* address, size_t bytes);

/** A product was executed; a batch is one. */
EMULATOR_EXPORT void count_product();

/** Notes a handle for the count of leaks; false without a current context. */
EMULATOR_EXPORT bool add_library_object(const void* object, Resource kind);
EMULATOR_EXPORT bool holds_library_object(const void* object, Resource kind);
EMULATOR_EXPORT void remove_library_object(const void* object);

/** Names a call that nothing stands in for, once, and answers that code. */
EMULATOR_EXPORT int answer_unsupported(const char* name, int code);

}  // namespace emulator
