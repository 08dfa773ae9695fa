// The table of entry points of one compiled .cu file. build.sh writes the list of names; the types
// of the arguments, and so their sizes, are deduced from the functions themselves.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace emulator {

struct KernelEntry {
  const char* name;
  /** Calls the kernel with its arguments read from the given addresses. */
  void (*call)(void** arguments);
  const size_t* argument_bytes;
  unsigned argument_count;
  /** Threads per block of __launch_bounds__, or 1024. */
  unsigned launch_bound;
};

/** Defined in libcuda.so.1; called by the static constructors of the kernel library. */
__attribute__((visibility("default"))) void register_kernels(
    const KernelEntry* entries, size_t count);

template <auto Kernel>
struct Entry;

template <class... Arguments, void (*Kernel)(Arguments...)>
struct Entry<Kernel> {
  static constexpr size_t argument_bytes[sizeof...(Arguments) + 1] = {sizeof(Arguments)..., 0};

  // The driver's copies of the arguments are not memory that the kernel reads: not instrumented.
  template <size_t... Index>
  __attribute__((no_sanitize("thread"))) static void unpack(
      void** arguments, std::index_sequence<Index...>) {
    Kernel(*static_cast<std::remove_cv_t<Arguments>*>(arguments[Index])...);
  }
  __attribute__((no_sanitize("thread"))) static void call(void** arguments) {
    unpack(arguments, std::index_sequence_for<Arguments...>{});
  }
  static constexpr KernelEntry named(const char* name, unsigned launch_bound) {
    return {name, &call, argument_bytes, sizeof...(Arguments), launch_bound};
  }
};

struct Registration {
  template <size_t Count>
  explicit Registration(const KernelEntry (&entries)[Count]) {
    register_kernels(entries, Count);
  }
};

}  // namespace emulator
