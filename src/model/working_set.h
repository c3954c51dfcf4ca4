// The memory that a model's steps work in, known before any step is run.
#pragma once

#include <cstdint>
#include <vector>

#include "model/buffers.h"
#include "model/model.h"

namespace ingot::core {

// Bytes of one step over rows of one prompt.
struct StepMemory {
  int64_t activations = 0;        // what a ForwardScratch holds
  int64_t attention_scratch = 0;  // as OpsMemory has them
  int64_t kernel_scratch = 0;
  int64_t total() const { return activations + attention_scratch + kernel_scratch; }
};

// Every distinct operation of a model that asks a backend for working memory. Outlived by the model.
class WorkingSet {
 public:
  explicit WorkingSet(const Model& model);
  StepMemory of(const Ops& ops, const StepSize& size, int64_t first_position) const;

 private:
  void add_time_mix(const TimeMixWeights& w);

  BufferWidths widths_;
  std::vector<const WeightMatrix*> linears_;
  std::vector<StepShape::Gated> gated_;
  std::vector<StepShape::Attention> attentions_;
  std::vector<StepShape::Experts> experts_;
  std::vector<StepShape::Each> eachs_;
  int64_t time_mix_head_size_ = 0;
};

}  // namespace ingot::core
