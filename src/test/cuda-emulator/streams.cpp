#include "streams.h"

#include <algorithm>
#include <chrono>

#include "graphs.h"
#include "memory.h"

namespace emulator {

Handles<Stream> streams;
Handles<Event> events;

namespace {

/** Destroyed streams whose work is pending: the device still does it. */
std::vector<std::shared_ptr<Stream>> destroyed_streams;

template <class Action>
void for_each_stream(const Context* context, Action action) {
  // A copy: running an operation must not meet a changing table.
  std::vector<std::shared_ptr<Stream>> found;
  if (context->default_stream) {
    found.push_back(context->default_stream);
  }
  for (const auto& [handle, stream] : streams.all()) {
    if (stream->context == context) {
      found.push_back(stream);
    }
  }
  for (const auto& stream : destroyed_streams) {
    if (stream->context == context) {
      found.push_back(stream);
    }
  }
  for (const auto& stream : found) {
    action(stream);
  }
}

double now_in_milliseconds() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/** The default stream waits for all blocking streams, and they for it. */
void order_with_default_stream(const std::shared_ptr<Stream>& stream, Operation& operation) {
  if (stream->is_default) {
    for_each_stream(stream->context, [&](const std::shared_ptr<Stream>& other) {
      if (other->blocking && !other->is_default && !other->capture) {
        operation.after.push_back({other, other->queued});
      }
    });
  } else if (stream->blocking) {
    const auto& default_stream = stream->context->default_stream;
    operation.after.push_back({default_stream, default_stream->queued});
  }
}

bool blocking_capture_in(const Context* context) {
  bool found = false;
  for_each_stream(context, [&](const std::shared_ptr<Stream>& stream) {
    if (stream->capture && stream->blocking) {
      report("a call on the default stream while a blocking stream is captured");
      stream->capture->invalidated = true;
      found = true;
    }
  });
  return found;
}

Result run_one(const std::shared_ptr<Stream>& stream) {
  Context* context = stream->context;
  Operation operation = std::move(stream->queue.front());
  stream->queue.pop_front();
  for (const Dependency& dependency : operation.after) {
    run_until(dependency.stream, dependency.position);
  }
  if (context->sticky == SUCCESS && operation.run) {
    trace("run %s", operation.name);
    context->sticky = operation.run();
  }
  stream->done++;
  if (context->sticky != SUCCESS) {
    discard_pending(context);
  }
  return context->sticky;
}

}  // namespace

std::shared_ptr<Stream> stream_of(void* handle) {
  const auto value = reinterpret_cast<uintptr_t>(handle);
  constexpr uintptr_t LEGACY = 1, PER_THREAD = 2;
  if (value == 0 || value == LEGACY) {
    return current_context()->default_stream;
  }
  if (value == PER_THREAD) {
    report("CU_STREAM_PER_THREAD is not emulated");
    return nullptr;
  }
  return streams.find(handle);
}

Result enqueue(const std::shared_ptr<Stream>& stream, Operation operation) {
  if (stream->capture) {
    if (stream->capture->invalidated) {
      return STREAM_CAPTURE_INVALIDATED;
    }
    trace("capture %s", operation.name);
    stream->captured++;
    stream->capture->graph->nodes.push_back(std::make_shared<Operation>(std::move(operation)));
    return SUCCESS;
  }
  if (stream->is_default && blocking_capture_in(stream->context)) {
    return STREAM_CAPTURE_IMPLICIT;
  }
  trace("queue %s", operation.name);
  order_with_default_stream(stream, operation);
  stream->queue.push_back(std::move(operation));
  stream->queued++;
  return SUCCESS;
}

Result run_until(const std::shared_ptr<Stream>& stream, uint64_t position) {
  while (stream->done < position && !stream->queue.empty()) {
    run_one(stream);
  }
  return stream->context->sticky;
}

Result run_all(const std::shared_ptr<Stream>& stream) {
  run_until(stream, stream->queued);
  if (stream->context->sticky == SUCCESS) {
    stream->context->sticky = device_memory.check_red_zones();
  }
  return stream->context->sticky;
}

Result run_context(Context* context) {
  for_each_stream(context, [](const std::shared_ptr<Stream>& stream) {
    run_until(stream, stream->queued);
  });
  std::erase_if(destroyed_streams, [](const auto& stream) { return stream->queue.empty(); });
  if (context->sticky == SUCCESS) {
    context->sticky = device_memory.check_red_zones();
  }
  return context->sticky;
}

void discard_pending(const Context* context) {
  for_each_stream(context, [](const std::shared_ptr<Stream>& stream) {
    stream->done += stream->queue.size();
    stream->queue.clear();
  });
}

uint64_t pending_operations() {
  uint64_t pending = 0;
  for (int device = 0; device < device_count(); device++) {
    for_each_stream(primary_context(device), [&](const std::shared_ptr<Stream>& stream) {
      pending += stream->queue.size();
    });
  }
  return pending;
}

Result refuse_while_capturing(const char* call) {
  for (const auto& [handle, stream] : streams.all()) {
    Capture* capture = stream->capture.get();
    if (capture != nullptr && capture->forbids_this_thread()) {
      report("%s is not allowed while a stream is captured", call);
      capture->invalidated = true;
      return STREAM_CAPTURE_UNSUPPORTED;
    }
  }
  return SUCCESS;
}

}  // namespace emulator

using namespace emulator;

CUDA_API cuStreamCreateWithPriority(void** handle, unsigned flags, int) {
  BEGIN_CALL(CONTEXT)
  constexpr unsigned NON_BLOCKING = 1;
  if (handle == nullptr || flags > NON_BLOCKING) {
    return INVALID_VALUE;
  }
  auto stream = std::make_shared<Stream>();
  stream->context = current_context();
  stream->blocking = flags != NON_BLOCKING;
  *handle = streams.add(std::move(stream));
  return SUCCESS;
}

CUDA_API cuStreamCreate(void** handle, unsigned flags) {
  return cuStreamCreateWithPriority(handle, flags, 0);
}

CUDA_API cuStreamDestroy_v2(void* handle) {
  BEGIN_CALL(CONTEXT)
  const auto stream = streams.find(handle);
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  if (!stream->queue.empty()) {
    destroyed_streams.push_back(stream);
  }
  streams.remove(handle);
  return SUCCESS;
}

CUDA_API cuStreamSynchronize(void* handle) {
  BEGIN_CALL(CONTEXT)
  const auto stream = stream_of(handle);
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  if (stream->capture) {
    report("cuStreamSynchronize of a stream that is captured");
    stream->capture->invalidated = true;
    return STREAM_CAPTURE_UNSUPPORTED;
  }
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  if (stream->is_default) {  // the host waits for what an operation queued now would wait for
    enqueue(stream, {"synchronise the default stream", NodeType::EMPTY, nullptr, {}});
  }
  return run_all(stream);
}

// A loop that polls must end: a query that finds work pending lets the device do one operation.
CUDA_API cuStreamQuery(void* handle) {
  BEGIN_CALL(CONTEXT)
  const auto stream = stream_of(handle);
  if (stream == nullptr) {
    return INVALID_HANDLE;
  }
  if (stream->capture) {
    stream->capture->invalidated = true;
    return STREAM_CAPTURE_UNSUPPORTED;
  }
  if (stream->queue.empty()) {
    return SUCCESS;
  }
  const Result result = run_until(stream, stream->done + 1);
  return result == SUCCESS ? NOT_READY : result;
}

CUDA_API cuStreamWaitEvent(void* handle, void* event_handle, unsigned flags) {
  BEGIN_CALL(CONTEXT)
  const auto stream = stream_of(handle);
  const auto event = events.find(event_handle);
  if (stream == nullptr || event == nullptr) {
    return INVALID_HANDLE;
  }
  if (flags != 0) {
    return INVALID_VALUE;
  }
  if (stream->capture || event->capture) {
    return wait_in_capture(stream, *event);
  }
  if (event->stream == nullptr) {
    return SUCCESS;  // never recorded: nothing to wait for
  }
  return enqueue(
      stream, {"wait for an event", NodeType::EMPTY, nullptr, {{event->stream, event->position}}});
}

CUDA_API cuEventCreate(void** handle, unsigned flags) {
  BEGIN_CALL(CONTEXT)
  constexpr unsigned DISABLE_TIMING = 2;
  if (handle == nullptr) {
    return INVALID_VALUE;
  }
  auto event = std::make_shared<Event>();
  event->context = current_context();
  event->timing = (flags & DISABLE_TIMING) == 0;
  *handle = events.add(std::move(event));
  return SUCCESS;
}

CUDA_API cuEventDestroy_v2(void* handle) {
  BEGIN_CALL(CONTEXT)
  return events.remove(handle) ? SUCCESS : INVALID_HANDLE;
}

CUDA_API cuEventRecord(void* handle, void* stream_handle) {
  BEGIN_CALL(CONTEXT)
  const auto event = events.find(handle);
  const auto stream = stream_of(stream_handle);
  if (event == nullptr || stream == nullptr || event->context != stream->context) {
    return INVALID_HANDLE;
  }
  event->capture = stream->capture;
  if (stream->capture) {  // a point of the capture, not a node
    event->stream = stream;
    event->captured_position = stream->captured;
    return stream->capture->invalidated ? STREAM_CAPTURE_INVALIDATED : SUCCESS;
  }
  event->time = -1;
  const Result result =
      enqueue(stream, {"record an event", NodeType::EMPTY,
                       [weak = std::weak_ptr<Event>(event)] {
                         if (const auto recorded = weak.lock()) {
                           recorded->time = now_in_milliseconds();
                         }
                         return SUCCESS;
                       },
                       {}});
  if (result == SUCCESS) {
    event->stream = stream;
    event->position = stream->queued;
  }
  return result;
}

CUDA_API cuEventSynchronize(void* handle) {
  BEGIN_CALL(CONTEXT)
  const auto event = events.find(handle);
  if (event == nullptr) {
    return INVALID_HANDLE;
  }
  if (event->capture) {
    event->capture->invalidated = true;
    return CAPTURED_EVENT;
  }
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  return event->stream == nullptr ? SUCCESS : run_until(event->stream, event->position);
}

CUDA_API cuEventQuery(void* handle) {
  BEGIN_CALL(CONTEXT)
  const auto event = events.find(handle);
  if (event == nullptr) {
    return INVALID_HANDLE;
  }
  if (event->capture) {
    event->capture->invalidated = true;
    return CAPTURED_EVENT;
  }
  if (const Result refused = refuse_while_capturing(__func__)) {
    return refused;
  }
  if (event->stream == nullptr || event->stream->done >= event->position) {
    return SUCCESS;
  }
  const Result result = run_until(event->stream, event->stream->done + 1);
  return result == SUCCESS ? NOT_READY : result;
}

CUDA_API cuEventElapsedTime(float* milliseconds, void* from_handle, void* to_handle) {
  BEGIN_CALL(CONTEXT)
  const auto from = events.find(from_handle), to = events.find(to_handle);
  if (from == nullptr || to == nullptr || !from->timing || !to->timing ||
      from->stream == nullptr || to->stream == nullptr) {
    return INVALID_HANDLE;
  }
  if (from->time < 0 || to->time < 0) {
    return NOT_READY;
  }
  *milliseconds = static_cast<float>(to->time - from->time);
  return SUCCESS;
}
