// Decides how a prompt is read: in which chunks, what memory they take, and, while it runs, how large the next one is.
// Pure functions: what they need to know of the model, the machine and the clock is handed to them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "engine/chunk_samples.h"
#include "ingot/prefill.h"
#include "ingot/sequence.h"
#include "model/model.h"
#include "model/working_set.h"

namespace ingot::core {

// The arithmetic of prompt tokens: what each takes, and what it takes more because of the positions before it.
struct PrefillWork {
  struct Attention {
    double flops_per_position = 0;  // of all layers with this window
    int64_t window = 0;             // 0: none
  };
  double flops_per_token = 0;
  std::vector<Attention> attentions;

  // Of tokens [first, first + n_tokens) of a sequence.
  PrefillFlops flops(int64_t first, int64_t n_tokens) const;
};
PrefillWork prefill_work(const Model& model);

struct PrefillTask {
  int64_t n_tokens = 0;
  int64_t n_before = 0;           // positions that the sequence has already
  Rows final_rows = Rows::kNone;  // that a step keeps after the final norm, since the caller has no memory for them
  int64_t kv_bytes = 0;           // that the state grows by
  int64_t kv_block_bytes = 0;     // in blocks of kPageTokens, of so many bytes
  int64_t output_bytes = 0;       // of what is given back
  Chunking chunking;
  int64_t grid = 1;  // positions at multiples of which steps begin (StateShape::recurrent_grid)
};

// What planning depends on besides the task.
struct PrefillSetting {
  const PrefillWork& work;
  // The memory of one step; its size, and the position it begins at.
  std::function<StepMemory(const StepSize& size, int64_t first_position)> memory_of;
  int64_t free_bytes = 0;  // that this process may still take
  OpsMemory held = {};     // scratch that the operations have already: no more of it is needed
  std::span<const ChunkSample> samples = {};
};

// Rows at a time within a layer of kLayerByLayer.
inline constexpr int64_t kLayerRows = Chunking::kDefaultSize;

// Errors: a chunking that makes no sense; kAuto with less memory than one token takes (both numbers).
Result<PrefillPlan> plan_prefill(const PrefillTask& task, const PrefillSetting& setting);

// How many new tokens the next chunk has after `done` of the plan's. For kAuto that follows from samples, for all
// others from the plan alone. kLayerByLayer: all. Precondition: done < plan.n_tokens.
int64_t next_chunk(const PrefillPlan& plan, int64_t done, const PrefillWork& work,
                   std::span<const ChunkSample> samples);

// Errors: kOutOfMemory with need and supply, and the chunkings that would fit.
Status check_memory(const PrefillPlan& plan, const PrefillTask& task, const PrefillSetting& setting);

}  // namespace ingot::core
