// What a profiled request did, when: stages of the request, operations of the model, and the share of each thread in
// every parallel loop. All room is taken before the first event; recording allocates nothing, and what does not fit is
// counted, not kept.
//
// Stages and operations are recorded by the thread that makes the request, loops by every thread of the pool for
// itself. Nobody who does not profile has a recorder: operations are recorded by a shell around the Ops
// (ops/profiled_ops.h) that is simply not there then, loops and stages cost one comparison of a pointer with null.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "profile/zone_clock.h"

namespace ingot::core {

enum class StepPhase : uint8_t { kNone, kPrefill, kDecode };

// Names are string literals or live as long as the recorder.
struct StageEvent {
  const char* name = "";  // "tokenize", "load weights", "sampling"
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  StepPhase phase = StepPhase::kNone;
};

struct OperationEvent {
  const char* name = "";     // "qkv_projection", "rope"
  const char* backend = "";  // "cpu"
  const char* kernel = "";   // what ran: "avx512"
  const char* format = "";   // of the weights; empty where there are none
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  int64_t n_bytes = 0;  // that it must at least read and write
  int64_t n_flops = 0;  // additions and multiplications of the mathematics, not of the implementation
  int64_t n_rows = 0;
  int64_t position = 0;  // of the first row, where the operation knows it
  int32_t layer = -1;
  int32_t first_loop = 0;  // loops [first_loop, end_loop) ran inside
  int32_t end_loop = 0;
  StepPhase phase = StepPhase::kNone;
  // Time in shared loops that counts elsewhere: of an operation that was a part of another one, in whose loops it ran,
  // its own as a positive number; of that other one the sum of its parts as a negative one.
  int64_t moved_loops_ns = 0;
  bool apart = false;  // run beside the real work for the sake of its time: no part of any sum
};

// One parallel loop, from its opening to its end.
struct LoopEvent {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  bool parallel = false;  // false: too small to share, it ran on the caller
};

// What one thread did of a loop, from its first item to its last.
struct ThreadSpan {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  int32_t loop = 0;
};

struct RecorderCapacity {
  int64_t n_operations = 0;
  int64_t n_loops = 0;
  int64_t n_stages = 256;
  int n_threads = 1;
};

class Recorder {
 public:
  explicit Recorder(const RecorderCapacity& capacity, const ZoneClock& clock = cpu_zone_clock());

  const ZoneClock& clock() const { return clock_; }
  int64_t stamp() const { return clock_.stamp(clock_.context); }
  int n_threads() const { return static_cast<int>(spans_.size()); }

  void set_phase(StepPhase phase) { phase_ = phase; }
  StepPhase phase() const { return phase_; }

  // By the requesting thread.
  void add_stage(const StageEvent& event) { add(stages_, n_stages_, event); }
  void add_operation(const OperationEvent& event) { add(operations_, n_operations_, event); }
  int32_t n_loops() const { return static_cast<int32_t>(n_loops_); }
  // By the thread that opened the loop, after all others have left it. The loop's number is n_loops() before.
  void add_loop(const LoopEvent& event) { add(loops_, n_loops_, event); }
  // By thread thread_idx inside a loop.
  void add_span(int thread_idx, const ThreadSpan& span);

  // Afterwards, with every thread at rest. resolve() turns the clock's stamps into times; call it once.
  void resolve();
  std::span<const StageEvent> stages() const { return std::span(stages_).first(n_stages_); }
  std::span<const OperationEvent> operations() const { return std::span(operations_).first(n_operations_); }
  std::span<const LoopEvent> loops() const { return std::span(loops_).first(n_loops_); }
  std::span<const ThreadSpan> spans(int thread_idx) const;
  int64_t n_dropped() const;

 private:
  template <typename Event>
  void add(std::vector<Event>& events, size_t& n, const Event& event) {
    if (n == events.size()) {
      ++n_dropped_;
      return;
    }
    events[n++] = event;
  }

  // Of one thread, on cache lines of its own.
  struct alignas(64) ThreadSpans {
    std::vector<ThreadSpan> spans;
    size_t n = 0;
    int64_t n_dropped = 0;
  };

  ZoneClock clock_;
  StepPhase phase_ = StepPhase::kNone;
  std::vector<StageEvent> stages_;
  std::vector<OperationEvent> operations_;
  std::vector<LoopEvent> loops_;
  size_t n_stages_ = 0;
  size_t n_operations_ = 0;
  size_t n_loops_ = 0;
  int64_t n_dropped_ = 0;
  std::vector<ThreadSpans> spans_;
};

// Records the stage from its construction to its end; does nothing with a null recorder.
class StageZone {
 public:
  StageZone(Recorder* recorder, const char* name) : recorder_(recorder), name_(name) {
    if (recorder_ != nullptr) start_ns_ = recorder_->stamp();
  }
  ~StageZone() { stop(); }
  StageZone(const StageZone&) = delete;
  StageZone& operator=(const StageZone&) = delete;
  // Ends it here; what follows in the scope is no part of it.
  void stop() {
    if (recorder_ == nullptr) return;
    recorder_->add_stage(
        {.name = name_, .start_ns = start_ns_, .end_ns = recorder_->stamp(), .phase = recorder_->phase()});
    recorder_ = nullptr;
  }

 private:
  Recorder* recorder_;
  const char* name_;
  int64_t start_ns_ = 0;
};

}  // namespace ingot::core
