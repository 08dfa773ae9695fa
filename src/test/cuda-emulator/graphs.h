// Stream capture and the graphs that it makes.
#pragma once

#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "streams.h"

namespace emulator {

/** Nodes in the order of their capture, which is an order that the dependencies allow. */
struct Graph {
  Context* context;
  std::vector<std::shared_ptr<Operation>> nodes;
};

struct ExecutableGraph {
  Context* context;
  std::vector<std::shared_ptr<Operation>> nodes;
};

extern Handles<Graph> graphs;
extern Handles<ExecutableGraph> executable_graphs;

/** The values of CUstreamCaptureMode. */
enum class CaptureMode : int { GLOBAL = 0, THREAD_LOCAL = 1, RELAXED = 2 };

struct Capture {
  const Stream* origin;
  CaptureMode mode;
  std::thread::id thread;
  std::shared_ptr<Graph> graph;
  bool invalidated = false;
  /** Streams that joined through an event, and how far another stream has waited for each. */
  std::map<std::shared_ptr<Stream>, uint64_t> joined;

  bool forbids_this_thread() const {
    return mode == CaptureMode::GLOBAL ||
           (mode == CaptureMode::THREAD_LOCAL && thread == std::this_thread::get_id());
  }
};

/** cuStreamWaitEvent where the stream or the event is captured: forks or joins. */
Result wait_in_capture(const std::shared_ptr<Stream>& stream, const Event& event);

}  // namespace emulator
