// Logarithms of probabilities, of the model's own distribution: the softmax of its logits, before any sampler.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "sampling/candidates.h"

namespace ingot::core {

class LogProbs {
 public:
  // Refers to logits until the next load. Errors: those of LogitTable::load.
  Status load(std::span<const float> logits);

  // Natural logarithm; -infinity for what the model itself excludes. Preconditions: loaded; id in range.
  double of(int32_t id) const;
  // The n best with their logits, best first. Valid until the next call. Precondition: loaded.
  std::span<const Candidate> best(size_t n);

 private:
  LogitTable table_;
  Candidates best_;
  double log_sum_ = 0.0;  // log of the sum of exp(logit)
};

}  // namespace ingot::core
