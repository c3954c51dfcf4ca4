#include "profile/recorder.h"

#include <algorithm>

namespace ingot::core {

Recorder::Recorder(const RecorderCapacity& capacity, const ZoneClock& clock)
    : clock_(clock),
      stages_(static_cast<size_t>(capacity.n_stages)),
      operations_(static_cast<size_t>(capacity.n_operations)),
      loops_(static_cast<size_t>(capacity.n_loops)),
      spans_(static_cast<size_t>(std::max(1, capacity.n_threads))) {
  for (ThreadSpans& thread : spans_) thread.spans.resize(static_cast<size_t>(capacity.n_loops));
}

void Recorder::add_span(int thread_idx, const ThreadSpan& span) {
  ThreadSpans& thread = spans_[static_cast<size_t>(thread_idx)];
  if (thread.n == thread.spans.size()) {
    ++thread.n_dropped;
    return;
  }
  thread.spans[thread.n++] = span;
}

void Recorder::resolve() {
  if (clock_.resolve == nullptr) return;
  const auto to_time = [this](auto& event) {
    event.start_ns = clock_.resolve(clock_.context, event.start_ns);
    event.end_ns = clock_.resolve(clock_.context, event.end_ns);
  };
  std::for_each_n(stages_.begin(), n_stages_, to_time);
  std::for_each_n(operations_.begin(), n_operations_, to_time);
  std::for_each_n(loops_.begin(), n_loops_, to_time);
  for (ThreadSpans& thread : spans_) std::for_each_n(thread.spans.begin(), thread.n, to_time);
}

std::span<const ThreadSpan> Recorder::spans(int thread_idx) const {
  const ThreadSpans& thread = spans_[static_cast<size_t>(thread_idx)];
  return std::span(thread.spans).first(thread.n);
}

int64_t Recorder::n_dropped() const {
  int64_t n = n_dropped_;
  for (const ThreadSpans& thread : spans_) n += thread.n_dropped;
  return n;
}

}  // namespace ingot::core
