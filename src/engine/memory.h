// Does a model with its context fit this machine? Asked before anything is computed, so that a user reads both numbers
// instead of watching the system swap or kill.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/model_spec.h"

namespace ingot::core {

// What this process may still take, in bytes.
struct MemoryLimits {
  int64_t physical = std::numeric_limits<int64_t>::max();       // free or reclaimable, within the control group
  int64_t address_space = std::numeric_limits<int64_t>::max();  // left of RLIMIT_AS
};

MemoryLimits query_memory_limits();

// The number behind `key` in the format of /proc/meminfo ("MemAvailable:  123 kB") and memory.stat ("anon 123"), in
// the file's own unit; nothing where it is absent.
std::optional<int64_t> find_memory_field(std::string_view text, std::string_view key);

struct MemoryNeed {
  int64_t weights = 0;  // pages of the mapped file: physical memory, but address space that is taken already
  int64_t kv_per_token = 0;
  int64_t activations = 0;  // scratch of the largest step
  // What the same would take at least, for advice: in F16, with prompts read token by token. 0: no less than above.
  int64_t least_kv_per_token = 0;
  int64_t least_activations = 0;
};

// Scratch of a step over n_rows prompt tokens, from above.
int64_t estimate_activation_bytes(const ModelSpec& spec, int64_t n_rows);

// The context to use: `wanted` if it is positive, else the smaller of the model's and what half of the free memory
// holds. Errors: kOutOfMemory, with what is needed, what there is, and the options that would fit.
Result<int64_t> choose_context(const MemoryNeed& need, const MemoryLimits& limits, int64_t wanted,
                               int64_t train_context);

// Errors: kOutOfMemory if n_bytes are not there now; what names them.
Status check_free_memory(int64_t n_bytes, std::string_view what);

// "1.50 GB", "98.4 MB", "512 bytes": powers of ten.
std::string format_bytes(int64_t n_bytes);

}  // namespace ingot::core
