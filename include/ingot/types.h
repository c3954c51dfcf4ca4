// What several parts of the interface share.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace ingot {

// An index into the vocabulary of a model.
using Token = int32_t;

// How products are computed. kFast is announced and does not exist yet: asking for it is an error.
enum class Mode : uint8_t {
  kExact,      // weights decoded to F32, products and sums in F32: the default
  kFast,       // cheaper arithmetic at a stated cost
  kReference,  // products in F32, sums in double precision, in plain code: slow, to compare with
};

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
