#include "tokenizer/merge_table.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace ingot::core {

namespace {

constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();
// Up to this many symbols searching the row is faster than a heap (measured on English text: words of 5 symbols).
constexpr size_t kShortWord = 48;
constexpr int32_t kGone = std::numeric_limits<int32_t>::min();  // its left neighbour has swallowed the symbol

}  // namespace

MergeTable::MergeTable(size_t n_merges) : slots_(std::bit_ceil(std::max<size_t>(2 * n_merges, 2))) {}

size_t MergeTable::slot_of(uint64_t pair) const {
  const size_t mask = slots_.size() - 1;
  // Fibonacci hashing: the high half of the product depends on all bits of the pair.
  size_t slot = (pair * 0x9E3779B97F4A7C15u) >> 32 & mask;
  while (slots_[slot].pair != pair && slots_[slot].pair != kFree) slot = (slot + 1) & mask;
  return slot;
}

void MergeTable::add(int32_t left, int32_t right, Merge merge) {
  const uint64_t pair = static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  Slot& slot = slots_[slot_of(pair)];
  if (slot.pair == kFree) slot = {pair, merge};
}

Merge MergeTable::find(int32_t left, int32_t right) const {
  if (left < 0 || right < 0) return {};
  return slots_[slot_of(static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right))].merge;
}

void WordMerger::merge(std::vector<int32_t>& symbols) {
  if (symbols.size() < 2) return;
  symbols.size() <= kShortWord ? merge_short(symbols) : merge_long(symbols);
}

void WordMerger::merge_short(std::vector<int32_t>& symbols) {
  merges_.resize(symbols.size() - 1);
  for (size_t left = 0; left < merges_.size(); left++) merges_[left] = table_->find(symbols[left], symbols[left + 1]);
  while (!merges_.empty()) {
    const auto best = std::min_element(merges_.begin(), merges_.end(),
                                       [](const Merge& a, const Merge& b) { return a.rank < b.rank; });
    if (best->rank == kNoRank) return;
    const auto left = best - merges_.begin();
    symbols[left] = best->id;
    symbols.erase(symbols.begin() + left + 1);
    merges_.erase(best);
    if (left > 0) merges_[left - 1] = table_->find(symbols[left - 1], symbols[left]);
    if (left + 1 < std::ssize(symbols)) merges_[left] = table_->find(symbols[left], symbols[left + 1]);
  }
}

void WordMerger::push_candidate(const std::vector<int32_t>& symbols, int32_t left) {
  const Merge merge = table_->find(symbols[left], symbols[next_[left]]);
  if (merge.rank == kNoRank) return;
  heap_.push_back(static_cast<uint64_t>(merge.rank) << 32 | static_cast<uint32_t>(left));
}

void WordMerger::merge_long(std::vector<int32_t>& symbols) {
  const auto n = static_cast<int32_t>(symbols.size());
  next_.resize(symbols.size());
  previous_.resize(symbols.size());
  heap_.clear();
  for (int32_t position = 0; position < n; position++) {
    previous_[position] = position - 1;
    next_[position] = position + 1 < n ? position + 1 : -1;
  }
  for (int32_t left = 0; left + 1 < n; left++) push_candidate(symbols, left);
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const uint64_t candidate = heap_.back();
    heap_.pop_back();
    const auto left = static_cast<int32_t>(candidate & 0xFFFFFFFFu);
    const int32_t right = next_[left];
    if (symbols[left] == kGone || right < 0) continue;
    // One of the two may have changed since; then the pair's rank differs, and its own candidate lies in the heap.
    const Merge merge = table_->find(symbols[left], symbols[right]);
    if (merge.rank != candidate >> 32) continue;
    symbols[left] = merge.id;
    symbols[right] = kGone;
    next_[left] = next_[right];
    if (next_[left] >= 0) previous_[next_[left]] = left;
    for (const int32_t changed : {previous_[left], left}) {
      if (changed < 0 || next_[changed] < 0) continue;
      const size_t n_before = heap_.size();
      push_candidate(symbols, changed);
      if (heap_.size() > n_before) std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    }
  }
  std::erase(symbols, kGone);
}

}  // namespace ingot::core
