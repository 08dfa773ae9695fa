// Streams are lazy queues: an operation runs only when something waits for it. A program that
// forgets to wait sees the old data every time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "contexts.h"
#include "results.h"

namespace emulator {

struct Stream;
struct Capture;

/** The values of CUgraphNodeType. */
enum class NodeType : int { KERNEL = 0, MEMCPY = 1, MEMSET = 2, GRAPH = 4, EMPTY = 5 };

/** All operations of a stream up to a position. */
struct Dependency {
  std::shared_ptr<Stream> stream;
  uint64_t position;
};

struct Operation {
  const char* name;
  NodeType type;
  std::function<Result()> run;
  /** What other streams must have done before. */
  std::vector<Dependency> after;
};

struct Stream {
  Context* context;
  /** Ordered with the default stream (made without CU_STREAM_NON_BLOCKING). */
  bool blocking = true;
  bool is_default = false;
  std::deque<Operation> queue;
  uint64_t queued = 0, done = 0;
  std::shared_ptr<Capture> capture;
  /** Number of operations that went into the capture from this stream. */
  uint64_t captured = 0;
};

struct Event {
  Context* context;
  bool timing = true;
  /** The record: null before the first. */
  std::shared_ptr<Stream> stream;
  uint64_t position = 0;
  /** Milliseconds when the record was executed; negative while it is pending. */
  double time = -1;
  /** The capture that the event was recorded in, and how far its stream was then. */
  std::shared_ptr<Capture> capture;
  uint64_t captured_position = 0;
};

extern Handles<Stream> streams;
extern Handles<Event> events;

/** The stream of a handle (0 and CU_STREAM_LEGACY: the default stream), or null. */
std::shared_ptr<Stream> stream_of(void* handle);

/** Appends to the stream, or to the graph that captures it. */
Result enqueue(const std::shared_ptr<Stream>& stream, Operation operation);

/** Runs the stream up to a position and what that depends on; the context's sticky error. */
Result run_until(const std::shared_ptr<Stream>& stream, uint64_t position);
Result run_all(const std::shared_ptr<Stream>& stream);

/** Runs everything of the context and checks the red zones. */
Result run_context(Context* context);

/** Drops what has not run, of a context that has failed or ends. */
void discard_pending(const Context* context);

uint64_t pending_operations();

/**
 * STREAM_CAPTURE_UNSUPPORTED, invalidating the capture, if a capture forbids the calling thread a
 * call that may synchronise or allocate.
 */
Result refuse_while_capturing(const char* call);

}  // namespace emulator
