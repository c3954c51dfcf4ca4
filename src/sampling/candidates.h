// The tokens that are still in the draw, and what every sampler asks of them.
//
// A sampler takes candidates away or changes their logits; it never adds one and always leaves one. Samplers that
// speak of probabilities mean the softmax over the candidates that are left at that point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ingot::core {

struct Candidate {
  int32_t id = 0;
  float logit = 0.0f;
};

// The one order of candidates: higher logits first, of equal ones the lower id.
inline bool ranks_before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

struct Candidates {
  std::vector<Candidate> items;
  size_t n_sorted = 0;  // items[0:n_sorted] are the best ones, best first

  float best_logit() const;
  // Makes n_sorted at least min(n, items.size()).
  void sort_best(size_t n);
  void keep_best(size_t n);  // sorts as many
};

// exp(logit - best) of each, and their sum: probabilities times a factor.
double sum_weights(std::span<const Candidate> items, float best_logit);

}  // namespace ingot::core
