// What several parts of the interface share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace ingot {

// An index into the vocabulary of a model.
using Token = int32_t;

// Bytes [begin, end) of a text.
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
};

// How products are computed. docs/performance.md has the measured distance of each from kReference.
enum class Mode : uint8_t {
  kExact,      // activations of at least 16 bits, or bfloat16 where prompts are multiplied in it: the default
  kFast,       // activations of 8 bits with quantised weights; not every instruction set has it
  kReference,  // products in F32, sums in double precision, in plain code: slow, to compare with
};

// As the command line spells it.
constexpr const char* mode_name(Mode mode) {
  return mode == Mode::kReference ? "reference" : mode == Mode::kFast ? "fast" : "exact";
}

// In what type keys and values of past tokens are kept.
enum class KvType : uint8_t { kF16, kF32 };

// Ends a running call from another thread or from a signal handler. Copies share one flag; once cancelled, always
// cancelled. A call that is given a cancelled token stops at its next look, between two layers at the latest.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void cancel() const { flag_->store(true, std::memory_order_relaxed); }
  bool cancelled() const { return flag_->load(std::memory_order_relaxed); }
  const std::atomic<bool>* flag() const { return flag_.get(); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};
static_assert(std::atomic<bool>::is_always_lock_free, "cancel() may be called from a signal handler");

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning };

// Hands every message of the library, in the whole process, to callback; an empty one, the default, drops them. The
// callback may be called from any thread, one call at a time, and must not call back into the library.
void set_log_callback(std::function<void(LogLevel level, std::string_view line)> callback);

}  // namespace ingot
