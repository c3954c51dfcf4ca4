#include "sampling/log_probs.h"

#include <cmath>

namespace ingot::core {

Status LogProbs::load(std::span<const float> logits) {
  INGOT_TRY(table_.load(logits));
  log_sum_ = table_.best() + std::log(table_.weigh(1.0f));
  return {};
}

double LogProbs::of(int32_t id) const {
  return table_.get(id) - log_sum_;
}

std::span<const Candidate> LogProbs::best(size_t n) {
  if (n == 0) return {};
  best_.start(table_);
  best_.keep_best(n);
  return best_.items;
}

}  // namespace ingot::core
