#include "graphs.h"

#include <algorithm>

#include "counters.h"

namespace emulator {

Handles<Graph> graphs;
Handles<ExecutableGraph> executable_graphs;

Result wait_in_capture(const std::shared_ptr<Stream>& stream, const Event& event) {
  const std::shared_ptr<Capture> capture = stream->capture ? stream->capture : event.capture;
  if (capture->invalidated) {
    return STREAM_CAPTURE_INVALIDATED;
  }
  if (event.capture != capture) {
    capture->invalidated = true;
    if (event.capture) {
      report("a captured stream waits for an event of another capture");
      return STREAM_CAPTURE_MERGE;
    }
    report("a captured stream waits for an event that was recorded outside the capture");
    return STREAM_CAPTURE_ISOLATION;
  }
  if (!stream->capture) {  // fork
    stream->capture = capture;
    stream->captured = 0;
    capture->joined[stream] = 0;
  }
  const auto forked = capture->joined.find(event.stream);
  if (forked != capture->joined.end() && event.stream != stream) {
    forked->second = std::max(forked->second, event.captured_position);
  }
  return SUCCESS;
}

}  // namespace emulator

using namespace emulator;

CUDA_API cuStreamBeginCapture_v2(void* handle, int mode) {
  BEGIN_CALL(CONTEXT)
  const auto stream = stream_of(handle);
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  if (stream->is_default) {
    report("the default stream cannot be captured");
    return STREAM_CAPTURE_UNSUPPORTED;
  }
  if (stream->capture) {
    return ILLEGAL_STATE;
  }
  if (mode < 0 || mode > 2) {
    return INVALID_VALUE;
  }
  auto capture = std::make_shared<Capture>();
  capture->origin = stream.get();
  capture->mode = static_cast<CaptureMode>(mode);
  capture->thread = std::this_thread::get_id();
  capture->graph = std::make_shared<Graph>();
  capture->graph->context = stream->context;
  stream->captured = 0;
  stream->capture = std::move(capture);
  return SUCCESS;
}

CUDA_API cuStreamEndCapture(void* handle, void** graph) {
  BEGIN_CALL(CONTEXT)
  const auto stream = stream_of(handle);
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  const auto capture = stream->capture;
  if (capture == nullptr) {
    return ILLEGAL_STATE;
  }
  *graph = nullptr;
  if (capture->origin != stream.get()) {
    capture->invalidated = true;
    return STREAM_CAPTURE_UNMATCHED;
  }
  if (capture->mode != CaptureMode::RELAXED && capture->thread != std::this_thread::get_id()) {
    return STREAM_CAPTURE_WRONG_THREAD;
  }
  stream->capture = nullptr;
  bool joined = true;
  for (const auto& [forked, waited_for] : capture->joined) {
    joined &= waited_for == forked->captured;
    forked->capture = nullptr;
  }
  if (capture->invalidated) {
    return STREAM_CAPTURE_INVALIDATED;
  }
  if (!joined) {
    report("a stream that joined the capture has work that the captured stream did not wait for");
    return STREAM_CAPTURE_UNJOINED;
  }
  *graph = graphs.add(capture->graph);
  return SUCCESS;
}

CUDA_API cuStreamIsCapturing(void* handle, int* status) {
  BEGIN_CALL(CONTEXT)
  enum { NONE, ACTIVE, INVALIDATED };
  const auto stream = stream_of(handle);
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  *status = !stream->capture ? NONE : stream->capture->invalidated ? INVALIDATED : ACTIVE;
  return SUCCESS;
}

CUDA_API cuGraphInstantiateWithFlags(void** executable, void* handle, unsigned long long) {
  BEGIN_CALL(CONTEXT)
  const auto graph = graphs.find(handle);
  if (graph == nullptr || executable == nullptr) {
    return INVALID_VALUE;
  }
  auto instance = std::make_shared<ExecutableGraph>();
  instance->context = graph->context;
  instance->nodes = graph->nodes;
  *executable = executable_graphs.add(std::move(instance));
  return SUCCESS;
}

CUDA_API cuGraphUpload(void* handle, void* stream_handle) {
  BEGIN_CALL(CONTEXT)
  return executable_graphs.find(handle) == nullptr || stream_of(stream_handle) == nullptr
             ? INVALID_HANDLE
             : SUCCESS;
}

CUDA_API cuGraphLaunch(void* handle, void* stream_handle) {
  BEGIN_CALL(CONTEXT)
  const auto executable = executable_graphs.find(handle);
  const auto stream = stream_of(stream_handle);
  if (executable == nullptr || stream == nullptr) {
    return INVALID_HANDLE;
  }
  return enqueue(stream, {"graph", NodeType::GRAPH,
                          [executable] {
                            counters.graph_launches++;
                            for (const auto& node : executable->nodes) {
                              trace("graph runs %s", node->name);
                              if (const Result failure = node->run()) {
                                return failure;
                              }
                            }
                            return SUCCESS;
                          },
                          {}});
}

CUDA_API cuGraphGetNodes(void* handle, void** nodes, size_t* count) {
  BEGIN_CALL(CONTEXT)
  const auto graph = graphs.find(handle);
  if (graph == nullptr || count == nullptr) {
    return INVALID_VALUE;
  }
  if (nodes != nullptr) {
    for (size_t i = 0; i < *count; i++) {
      nodes[i] = i < graph->nodes.size() ? graph->nodes[i].get() : nullptr;
    }
  }
  *count = graph->nodes.size();
  return SUCCESS;
}

CUDA_API cuGraphNodeGetType(void* node, int* type) {
  BEGIN_CALL(CONTEXT)
  if (node == nullptr || type == nullptr) {
    return INVALID_VALUE;
  }
  *type = static_cast<int>(static_cast<Operation*>(node)->type);
  return SUCCESS;
}

CUDA_API cuGraphExecDestroy(void* handle) {
  BEGIN_CALL(CONTEXT)
  return executable_graphs.remove(handle) ? SUCCESS : INVALID_HANDLE;
}

CUDA_API cuGraphDestroy(void* handle) {
  BEGIN_CALL(CONTEXT)
  return graphs.remove(handle) ? SUCCESS : INVALID_HANDLE;
}
