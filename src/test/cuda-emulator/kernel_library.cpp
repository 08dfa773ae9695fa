#include "kernel_library.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

namespace emulator {

Region kernel_constants;
SharedMemory shared_memory;

namespace {

std::map<std::string, const KernelEntry*>& kernels() {
  static std::map<std::string, const KernelEntry*> table;
  return table;
}

struct DynamicShared {
  void* address;
  size_t capacity;
};
DynamicShared (*dynamic_shared_of_this_thread)() = nullptr;

/** Finds the extent of the object that holds `inside`, and of its thread-local segment. */
struct SegmentSearch {
  uintptr_t inside;
  Region object, thread_local_segment;
};

int visit_object(dl_phdr_info* info, size_t, void* data) {
  auto* search = static_cast<SegmentSearch*>(data);
  uintptr_t low = UINTPTR_MAX, high = 0;
  size_t thread_local_bytes = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type == PT_LOAD) {
      low = std::min<uintptr_t>(low, info->dlpi_addr + segment.p_vaddr);
      high = std::max<uintptr_t>(high, info->dlpi_addr + segment.p_vaddr + segment.p_memsz);
    } else if (segment.p_type == PT_TLS) {
      thread_local_bytes = segment.p_memsz;
    }
  }
  if (search->inside < low || search->inside >= high) {
    return 0;
  }
  search->object = {low, high - low};
  search->thread_local_segment = {
      reinterpret_cast<uintptr_t>(info->dlpi_tls_data), thread_local_bytes};
  return 1;
}

/** The segment of the calling OS thread: each has its own copy. */
void locate_shared_memory() {
  static thread_local SharedMemory of_this_thread;
  if (of_this_thread.all.base == 0) {
    const DynamicShared dynamic = dynamic_shared_of_this_thread();  // makes this thread's copy
    SegmentSearch search{reinterpret_cast<uintptr_t>(dynamic_shared_of_this_thread), {}, {}};
    dl_iterate_phdr(visit_object, &search);
    kernel_constants = search.object;
    of_this_thread = {
        search.thread_local_segment, reinterpret_cast<uintptr_t>(dynamic.address),
        dynamic.capacity, 0};
  }
  shared_memory = of_this_thread;
}

}  // namespace

bool load_kernel_library() {
  static bool loaded = false;
  if (loaded) {
    return true;
  }
  Dl_info self;
  dladdr(reinterpret_cast<void*>(&load_kernel_library), &self);
  std::string path = self.dli_fname;
  path = path.substr(0, path.rfind('/') + 1) + "libemulated_kernels.so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    report("%s", dlerror());
    return false;
  }
  dynamic_shared_of_this_thread = reinterpret_cast<DynamicShared (*)()>(
      dlsym(library, "emulated_dynamic_shared_of_this_thread"));
  loaded = dynamic_shared_of_this_thread != nullptr;
  return loaded;
}

const KernelEntry* find_kernel(const char* name) {
  const auto found = kernels().find(name);
  return found == kernels().end() ? nullptr : found->second;
}

void forget_shared_memory(size_t dynamic_bytes) {
  locate_shared_memory();
  shared_memory.dynamic_bytes = dynamic_bytes;
  const uintptr_t base = shared_memory.all.base;
  const uintptr_t end = base + shared_memory.all.bytes;
  const uintptr_t dynamic = shared_memory.dynamic;
  const uintptr_t after = dynamic + shared_memory.dynamic_capacity;
  memset(reinterpret_cast<void*>(base), 0xFF, dynamic - base);
  memset(reinterpret_cast<void*>(dynamic), 0xFF, dynamic_bytes);
  memset(reinterpret_cast<void*>(after), 0xFF, end - after);
}

EMULATOR_EXPORT void register_kernels(const KernelEntry* entries, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!kernels().emplace(entries[i].name, &entries[i]).second) {
      report("two kernels are called %s; the first one counts", entries[i].name);
    }
  }
}

}  // namespace emulator
