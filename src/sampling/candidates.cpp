#include "sampling/candidates.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "sampling/exp_weight.h"

namespace ingot::core {

void Candidates::start(LogitTable& of, float with_scale) {
  table = &of;
  scale = with_scale;
  least = -std::numeric_limits<float>::infinity();
  items.clear();
  sorted = false;
}

float Candidates::best_logit() const {
  if (table != nullptr) return scale == 1.0f ? table->best() : 0.0f;
  if (sorted) return items.front().logit;
  return std::max_element(items.begin(), items.end(),
                          [](const Candidate& a, const Candidate& b) { return a.logit < b.logit; })
      ->logit;
}

// A little below, so that rounding excludes none; what it lets in besides is seen once it is scaled.
float Candidates::table_logit(float distance) const {
  constexpr double kLowest = -std::numeric_limits<float>::max();
  const double best = table->best();
  const double unscaled = static_cast<double>(distance) / scale;
  return static_cast<float>(std::max(best + unscaled - 1e-6 * (std::abs(unscaled) + std::abs(best)), kLowest));
}

void Candidates::list() {
  list_from(-std::numeric_limits<float>::max());
}

void Candidates::list_from(float threshold) {
  if (table == nullptr) return;
  size_t n_items = 0;
  const bool whole = is_whole_table();
  const float best = table->best();
  const float table_threshold = whole ? threshold : table_logit(std::max(threshold - best_logit(), least));
  const auto find = block_passes().find;
  table->for_each_block(table_threshold, [&](int32_t first_id, std::span<const float, LogitTable::kBlock> logits) {
    if (items.size() < n_items + logits.size()) items.resize(std::max(2 * items.size(), n_items + logits.size()));
    for (uint64_t found = find(logits.data(), table_threshold); found != 0; found &= found - 1) {
      const int index = std::countr_zero(found);
      items[n_items++] = {first_id + index, logits[static_cast<size_t>(index)]};
    }
  });
  items.resize(n_items);
  table = nullptr;
  sorted = false;
  if (whole) return;
  if (scale != 1.0f) {
    for (Candidate& item : items) item.logit = (item.logit - best) * scale;
  }
  const float scaled_best = scale == 1.0f ? best : 0.0f;
  std::erase_if(items,
                [&](const Candidate& item) { return item.logit < threshold || item.logit - scaled_best < least; });
  scale = 1.0f;
  least = -std::numeric_limits<float>::infinity();
}

void Candidates::keep_from(float threshold) {
  if (table != nullptr) {
    least = std::max(least, threshold - best_logit());
    return;
  }
  std::erase_if(items, [threshold](const Candidate& item) { return item.logit < threshold; });
}

void Candidates::list_best(size_t n) {
  if (table == nullptr || n >= table->size()) return;
  const float bound = table->bound_of_best(n);
  list_from(scale == 1.0f ? bound : (bound - table->best()) * scale);
}

void Candidates::keep_best(size_t n) {
  list_best(n);
  list();
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
