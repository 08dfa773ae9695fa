// One launch: the blocks run one after another, the CUDA threads of a block as fibers that switch
// only where a thread waits. A thread that never waits leaves its stack to the next, so a kernel
// without barriers runs on a single fiber.
#include "launch.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "kernel_library.h"

namespace emulator {

Running running;
Region fiber_stacks;

namespace {

// JCuda has natives for x86-64 only, so one context switch will do: the registers that the System V
// calling convention lets a function keep, and the stack pointer.
struct Context {
  void* stack_pointer = nullptr;
};
extern "C" void emulator_switch_context(void** save, void* load);
__asm__(R"(
.text
.globl emulator_switch_context
.hidden emulator_switch_context
.type emulator_switch_context,@function
emulator_switch_context:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp,(%rdi)
    movq %rsi,%rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emulator_switch_context,.-emulator_switch_context
)");
constexpr int SAVED_REGISTERS = 6;

void switch_context(Context& from, const Context& to) {
  emulator_switch_context(&from.stack_pointer, to.stack_pointer);
}

constexpr unsigned MAX_THREADS = 1024;
constexpr unsigned WARP = 32;
constexpr size_t PAGE = 4096;
constexpr size_t STACK_BYTES = 256 << 10;
constexpr int NO_STACK = -1;

enum class State : uint8_t { NEW, READY, AT_BLOCK_BARRIER, AT_WARP_OPERATION, DONE };

struct DeviceThread {
  State state = State::NEW;
  int stack = NO_STACK;
  uint3 index = {};
  Context context;

  // The operation that the thread waits in.
  unsigned mask = 0;
  int predicate = 0;
  int source = -1;
  uint64_t value = 0;
  bool orders_memory = false;

  // Its result.
  uint64_t shuffled = 0;
  unsigned ballot = 0;
};

struct Warp {
  unsigned live = 0;     // lanes that have not left the kernel
  unsigned waiting = 0;  // lanes in a warp operation
  uint64_t epoch = 0;
};

/** The state of the launch that runs; the driver's lock admits one at a time. */
struct Launch {
  const KernelEntry* kernel = nullptr;
  void** arguments = nullptr;
  LaunchShape shape = {};
  std::vector<DeviceThread> threads;
  std::vector<Warp> warps;
  std::vector<unsigned> order;
  std::vector<int> free_stacks;
  Context scheduler;
  unsigned current = 0;
  unsigned live = 0, at_barrier = 0, barrier_count = 0;
  unsigned barrier_result = 0;
  bool progress = false;
  Result failure = SUCCESS;
};
Launch launch;
uint64_t last_epoch = 0;

Order thread_order = [] {
  const char* name = getenv("TF_CUDA_ORDER");
  const std::string_view order = name == nullptr ? "" : name;
  if (order == "reverse") {
    return Order::REVERSE;
  }
  if (order == "random") {
    return Order::RANDOM;
  }
  if (!order.empty() && order != "forward") {
    report("TF_CUDA_ORDER=%s is not forward, reverse or random; threads run forward", name);
  }
  return Order::FORWARD;
}();
std::mt19937 shuffler(20250712);

uintptr_t stack_top(int stack) { return fiber_stacks.base + (stack + 1) * STACK_BYTES; }

void map_stacks() {
  const size_t bytes = MAX_THREADS * STACK_BYTES;
  void* memory = mmap(
      nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    report("no address space for the stacks of the fibers");
    abort();
  }
  fiber_stacks = {reinterpret_cast<uintptr_t>(memory), bytes};
  for (unsigned stack = 0; stack < MAX_THREADS; stack++) {
    mprotect(static_cast<char*>(memory) + stack * STACK_BYTES, PAGE, PROT_NONE);
  }
}

void run_thread();

void prepare(DeviceThread& thread) {
  thread.stack = launch.free_stacks.back();
  launch.free_stacks.pop_back();
  // Stacks start on different cache lines, else the tops of all of them share one set of the cache.
  auto* top = reinterpret_cast<void**>(stack_top(thread.stack) - (thread.stack % 60) * 64);
  *--top = nullptr;  // where a return address would lie: keeps the alignment of a called function
  *--top = reinterpret_cast<void*>(run_thread);
  for (int i = 0; i < SAVED_REGISTERS; i++) {
    *--top = nullptr;
  }
  thread.context.stack_pointer = top;
}

/** The current thread waits; returns when the scheduler takes it up again. */
void wait() { switch_context(launch.threads[launch.current].context, launch.scheduler); }

void release_block_if_complete() {
  if (launch.at_barrier == 0 || launch.at_barrier != launch.live) {
    return;
  }
  for (DeviceThread& thread : launch.threads) {
    if (thread.state == State::AT_BLOCK_BARRIER) {
      thread.state = State::READY;
    }
  }
  launch.barrier_result = launch.barrier_count;
  launch.at_barrier = 0;
  launch.barrier_count = 0;
  launch.progress = true;
  running.block_epoch = ++last_epoch;
}

bool release_warp_if_complete(unsigned warp_index, unsigned mask) {
  Warp& warp = launch.warps[warp_index];
  DeviceThread* lanes = &launch.threads[warp_index * WARP];
  const unsigned needed = mask & warp.live;
  if (needed == 0 || (warp.waiting & needed) != needed) {
    return false;
  }
  unsigned ballot = 0;
  bool orders_memory = true;
  for (unsigned rest = needed; rest != 0; rest &= rest - 1) {
    const DeviceThread& lane = lanes[__builtin_ctz(rest)];
    if (lane.mask != mask) {
      return false;
    }
    orders_memory &= lane.orders_memory;
    ballot |= lane.predicate != 0 ? rest & -rest : 0;
  }
  for (unsigned rest = needed; rest != 0; rest &= rest - 1) {
    DeviceThread& lane = lanes[__builtin_ctz(rest)];
    lane.ballot = ballot;
    if (lane.source < 0) {
      lane.shuffled = lane.value;
    } else if (lane.source < static_cast<int>(WARP) && (needed >> lane.source & 1) != 0) {
      lane.shuffled = lanes[lane.source].value;
    } else {
      lane.shuffled = ~0ull;  // undefined on hardware; all ones is a NaN of either precision
    }
    lane.state = State::READY;
  }
  warp.waiting &= ~needed;
  if (orders_memory) {
    warp.epoch = ++last_epoch;
  }
  launch.progress = true;
  return true;
}

void run_thread() {
  launch.kernel->call(launch.arguments);
  const unsigned warp_index = launch.current / WARP;
  Warp& warp = launch.warps[warp_index];
  launch.threads[launch.current].state = State::DONE;
  launch.live--;
  warp.live &= ~(1u << launch.current % WARP);
  launch.progress = true;
  // Those that wait no longer need this thread.
  release_block_if_complete();
  if (warp.waiting != 0) {
    const unsigned lane = __builtin_ctz(warp.waiting);
    release_warp_if_complete(warp_index, launch.threads[warp_index * WARP + lane].mask);
  }
  wait();
  __builtin_unreachable();
}

DeviceThread& warp_operation(unsigned mask, bool orders_memory) {
  DeviceThread& thread = launch.threads[launch.current];
  const unsigned lane = launch.current % WARP;
  if ((mask >> lane & 1) == 0) {
    report(
        "%s: lane %u of a warp calls a warp operation whose mask 0x%08x leaves it out",
        running.kernel, lane, mask);
    abandon_launch(LAUNCH_FAILED);
  }
  thread.mask = mask;
  thread.orders_memory = orders_memory;
  thread.state = State::AT_WARP_OPERATION;
  launch.warps[launch.current / WARP].waiting |= 1u << lane;
  release_warp_if_complete(launch.current / WARP, mask);
  wait();
  return launch.threads[launch.current];
}

void resume(unsigned index) {
  DeviceThread& thread = launch.threads[index];
  if (thread.state == State::NEW) {
    prepare(thread);
  }
  thread.state = State::READY;
  launch.current = index;
  launch.progress = true;
  running.thread = thread.index;
  running.linear_thread = index;
  running.warp_epoch = launch.warps[index / WARP].epoch;
  switch_context(launch.scheduler, thread.context);
  if (thread.state == State::DONE) {
    launch.free_stacks.push_back(thread.stack);
    thread.stack = NO_STACK;
  }
}

void report_divergence() {
  unsigned at_barrier = 0, in_warp = 0, left = 0;
  for (const DeviceThread& thread : launch.threads) {
    at_barrier += thread.state == State::AT_BLOCK_BARRIER;
    in_warp += thread.state == State::AT_WARP_OPERATION;
    left += thread.state == State::DONE;
  }
  report(
      "divergent barrier in %s, block (%u,%u,%u): of %zu threads %u wait at __syncthreads, "
      "%u in a warp operation, %u have left",
      running.kernel, running.block.x, running.block.y, running.block.z, launch.threads.size(),
      at_barrier, in_warp, left);
}

void start_block(uint3 block) {
  running.block = block;
  running.block_epoch = ++last_epoch;
  const auto count = static_cast<unsigned>(launch.threads.size());
  launch.live = count;
  launch.at_barrier = 0;
  launch.barrier_count = 0;
  for (DeviceThread& thread : launch.threads) {
    thread.state = State::NEW;
    thread.stack = NO_STACK;
  }
  for (unsigned w = 0; w < launch.warps.size(); w++) {
    const unsigned lanes = std::min(WARP, count - w * WARP);
    launch.warps[w] = {lanes == WARP ? ~0u : (1u << lanes) - 1, 0, ++last_epoch};
  }
}

Result run_block(uint3 block) {
  start_block(block);
  forget_shared_memory(launch.shape.dynamic_shared_bytes);
  while (launch.live != 0) {
    if (thread_order == Order::RANDOM) {
      std::shuffle(launch.order.begin(), launch.order.end(), shuffler);
    }
    launch.progress = false;
    for (const unsigned index : launch.order) {
      const State state = launch.threads[index].state;
      if (state == State::NEW || state == State::READY) {
        resume(index);
        if (launch.failure != SUCCESS) {
          return launch.failure;
        }
      }
    }
    if (!launch.progress) {
      report_divergence();
      return LAUNCH_FAILED;
    }
  }
  return SUCCESS;
}

/** The k-th block to run, of `count`: a permutation without a table. */
uint64_t block_at(uint64_t k, uint64_t count, uint64_t stride, uint64_t offset) {
  switch (thread_order) {
    case Order::FORWARD: return k;
    case Order::REVERSE: return count - 1 - k;
    default: return static_cast<uint64_t>((static_cast<unsigned __int128>(k) * stride + offset) % count);
  }
}

}  // namespace

void set_order(Order order) { thread_order = order; }

Result run_kernel(const KernelEntry& kernel, const LaunchShape& shape, void** arguments) {
  if (fiber_stacks.base == 0) {
    map_stacks();
  }
  const uint3 grid = shape.grid, block = shape.block;
  const unsigned threads = block.x * block.y * block.z;
  launch.kernel = &kernel;
  launch.arguments = arguments;
  launch.shape = shape;
  launch.failure = SUCCESS;
  launch.threads.assign(threads, {});
  launch.warps.assign((threads + WARP - 1) / WARP, {});
  launch.order.resize(threads);
  launch.free_stacks.resize(MAX_THREADS);
  std::iota(launch.free_stacks.rbegin(), launch.free_stacks.rend(), 0);
  std::iota(launch.order.begin(), launch.order.end(), 0);
  if (thread_order == Order::REVERSE) {
    std::reverse(launch.order.begin(), launch.order.end());
  }
  for (unsigned i = 0; i < threads; i++) {
    launch.threads[i].index = {i % block.x, i / block.x % block.y, i / (block.x * block.y)};
  }
  running.kernel = kernel.name;

  const uint64_t blocks = static_cast<uint64_t>(grid.x) * grid.y * grid.z;
  uint64_t stride = thread_order == Order::RANDOM ? shuffler() | 1 : 1;
  while (std::gcd(stride, blocks) != 1) {
    stride++;
  }
  const uint64_t offset = thread_order == Order::RANDOM ? shuffler() : 0;
  Result result = SUCCESS;
  for (uint64_t k = 0; k < blocks && result == SUCCESS; k++) {
    const uint64_t b = block_at(k, blocks, stride, offset);
    result = run_block(
        {static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
         static_cast<unsigned>(b / grid.x / grid.y)});
  }
  return result;
}

void abandon_launch(Result code) {
  launch.failure = code;
  wait();
  __builtin_unreachable();
}

}  // namespace emulator

using namespace emulator;

extern "C" {

EMULATOR_EXPORT uint3 emulated_thread_index() { return running.thread; }
EMULATOR_EXPORT uint3 emulated_block_index() { return running.block; }
EMULATOR_EXPORT uint3 emulated_block_size() { return launch.shape.block; }
EMULATOR_EXPORT uint3 emulated_grid_size() { return launch.shape.grid; }
EMULATOR_EXPORT unsigned emulated_lane() { return running.linear_thread % WARP; }

EMULATOR_EXPORT unsigned emulated_block_count(int predicate) {
  launch.threads[launch.current].state = State::AT_BLOCK_BARRIER;
  launch.at_barrier++;
  launch.barrier_count += predicate != 0;
  release_block_if_complete();
  wait();
  return launch.barrier_result;
}

EMULATOR_EXPORT void emulated_block_barrier() { emulated_block_count(0); }

EMULATOR_EXPORT void emulated_warp_barrier(unsigned mask) {
  DeviceThread& thread = launch.threads[launch.current];
  thread.source = -1;
  thread.predicate = 0;
  warp_operation(mask, true);
}

EMULATOR_EXPORT unsigned emulated_ballot(unsigned mask, int predicate) {
  DeviceThread& thread = launch.threads[launch.current];
  thread.source = -1;
  thread.predicate = predicate;
  return warp_operation(mask, false).ballot;
}

EMULATOR_EXPORT uint64_t emulated_shuffle(unsigned mask, uint64_t value, int source) {
  DeviceThread& thread = launch.threads[launch.current];
  thread.value = value;
  thread.source = source;
  thread.predicate = 0;
  return warp_operation(mask, false).shuffled;
}

EMULATOR_EXPORT void emulated_trap() {
  report(
      "%s: __trap() in block (%u,%u,%u), thread (%u,%u,%u)", running.kernel, running.block.x,
      running.block.y, running.block.z, running.thread.x, running.thread.y, running.thread.z);
  abandon_launch(LAUNCH_FAILED);
}

}  // extern "C"
