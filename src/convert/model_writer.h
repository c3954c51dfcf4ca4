// Writes what a ModelPlan says, piece by piece: memory does not grow with the model.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "convert/model_plan.h"
#include "gguf/writer.h"

namespace ingot::core {

struct WriteObserver {
  std::function<void(int64_t n_bytes_done, int64_t n_bytes_total)> on_progress = {};
  const std::atomic<bool>* cancelled = nullptr;  // may be null
};

// The tensor table of the result.
std::vector<GgufTensorHeader> tensor_headers(const ModelPlan& plan);

// The values of all tensors, into a writer that was created with tensor_headers(plan).
// Errors: the system's; a value that F16 cannot hold, by tensor; kCancelled.
Status write_tensors(const ModelPlan& plan, const WriteObserver& observer, GgufWriter& writer);

}  // namespace ingot::core
