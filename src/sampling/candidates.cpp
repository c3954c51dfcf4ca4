#include "sampling/candidates.h"

#include <algorithm>
#include <limits>

#include "sampling/exp_weight.h"

namespace ingot::core {

void Candidates::start(LogitTable& of) {
  table = &of;
  items.clear();
  sorted = false;
}

float Candidates::best_logit() const {
  if (table != nullptr) return table->best();
  if (sorted) return items.front().logit;
  return std::max_element(items.begin(), items.end(),
                          [](const Candidate& a, const Candidate& b) { return a.logit < b.logit; })
      ->logit;
}

void Candidates::list() {
  list_from(-std::numeric_limits<float>::max());
}

void Candidates::list_from(float threshold) {
  if (table == nullptr) return;
  size_t n_items = 0;
  table->for_each_block(threshold, [&](int32_t first_id, std::span<const float, LogitTable::kBlock> logits) {
    if (items.size() < n_items + logits.size()) items.resize(std::max(2 * items.size(), n_items + logits.size()));
    // Written always, counted only if it stays: no branch to mispredict.
    Candidate* item = items.data() + n_items;
    for (size_t index = 0; index < logits.size(); ++index) {
      *item = {first_id + static_cast<int32_t>(index), logits[index]};
      item += static_cast<ptrdiff_t>(logits[index] >= threshold);
    }
    n_items = static_cast<size_t>(item - items.data());
  });
  items.resize(n_items);
  table = nullptr;
  sorted = false;
}

void Candidates::keep_from(float threshold) {
  if (table != nullptr) return list_from(threshold);
  std::erase_if(items, [threshold](const Candidate& item) { return item.logit < threshold; });
}

void Candidates::keep_best(size_t n) {
  if (table != nullptr) list_from(table->bound_of_best(n));
  if (n < items.size()) {
    // Selecting first, then sorting what was selected, is linear in their number; partial_sort is not.
    const auto end = items.begin() + static_cast<ptrdiff_t>(n);
    if (!sorted) std::nth_element(items.begin(), end, items.end(), ranks_before);
    items.erase(end, items.end());
  }
  sort();
}

void Candidates::sort() {
  list();
  if (!sorted) std::sort(items.begin(), items.end(), ranks_before);
  sorted = true;
}

bool Candidates::find(std::span<const int32_t> ids, int32_t id, size_t& out_index) {
  const auto place = std::lower_bound(ids.begin(), ids.end(), id);
  out_index = static_cast<size_t>(place - ids.begin());
  return place != ids.end() && *place == id;
}

double sum_weights(std::span<const Candidate> items, float best_logit) {
  static_assert(kLanes == 4);
  double sum = 0.0;
  size_t at = 0;
  for (; at + kLanes <= items.size(); at += kLanes) {
    const Floats logits = {items[at].logit, items[at + 1].logit, items[at + 2].logit, items[at + 3].logit};
    sum += sum_lanes(exp_weights(logits - best_logit));
  }
  for (; at < items.size(); ++at) sum += exp_weight(items[at].logit - best_logit);
  return sum;
}

}  // namespace ingot::core
