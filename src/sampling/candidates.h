// The tokens that are still in the draw, and what every sampler asks of them.
//
// At first they are all tokens of a LogitTable, and nothing is copied; what a sampler leaves becomes a list. A sampler
// takes candidates away or changes their logits; it never adds one and always leaves one. Samplers that speak of
// probabilities mean the softmax over the candidates that are left at that point.
//
// The order of the list follows from the logits alone, on every machine: by ids, until a sampler
// looks for the best ones; then best first. The draw walks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sampling/logit_table.h"

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
  LogitTable* table = nullptr;  // all that it allows are candidates; null: those in items are
  // What samplers noted instead of listing: other than 1, a candidate's logit is (the table's - its best) * scale; with
  // least, only those are candidates for which that difference is no less.
  float scale = 1.0f;
  float least = -std::numeric_limits<float>::infinity();
  std::vector<Candidate> items;  // meaningless while there is a table
  bool sorted = false;           // items are in the order of ranks_before

  // All that the table allows, from now on. Precondition: it allows one at least.
  void start(LogitTable& of, float with_scale = 1.0f);

  bool has_least() const { return least > -std::numeric_limits<float>::infinity(); }
  bool is_whole_table() const { return table != nullptr && scale == 1.0f && !has_least(); }
  float best_logit() const;
  // From the table to the list, with the logits as they are scaled, and without what is below least.
  void list();
  void list_from(float threshold);
  // At least the n best, not sorted; nothing is done where that would be nearly all.
  void list_best(size_t n);
  // Those that stay keep their order. Precondition: one stays.
  void keep_from(float threshold);
  void keep_best(size_t n);  // and sorts
  void sort();

  // Sets logits to change(index, logit), for those of ids that are candidates; index is that of the id in ids.
  // Precondition: ids are sorted, each once.
  template <typename Change>
  void change_logits(std::span<const int32_t> ids, Change&& change);

 private:
  float table_logit(float distance) const;
  static bool find(std::span<const int32_t> ids, int32_t id, size_t& out_index);
};

// The sum of exp(logit - best): what turns weights into probabilities.
double sum_weights(std::span<const Candidate> items, float best_logit);

template <typename Change>
void Candidates::change_logits(std::span<const int32_t> ids, Change&& change) {
  if (!is_whole_table()) list();
  if (table != nullptr) {
    for (size_t index = 0; index < ids.size(); ++index) {
      if (ids[index] < 0 || static_cast<size_t>(ids[index]) >= table->size()) continue;
      table->set(ids[index], change(index, table->get(ids[index])));
    }
    return;
  }
  for (Candidate& item : items) {
    size_t index = 0;
    // -infinity: a temperature near 0 has left it no probability.
    if (item.logit == -std::numeric_limits<float>::infinity() || !find(ids, item.id, index)) continue;
    item.logit = finite_logit(change(index, item.logit));
  }
  if (std::exchange(sorted, false)) sort();
}

}  // namespace ingot::core
