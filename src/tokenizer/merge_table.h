// The merges of a BPE vocabulary, and the algorithm that applies them to a word.
//
// A word starts as a row of symbols. The adjacent pair with the lowest rank (of equal ones the leftmost) becomes one
// symbol, until no adjacent pair has a rank. Short words search the row each time; long ones keep a heap of candidates,
// so that one word of ten megabytes takes n log n.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace ingot::core {

struct Merge {
  uint32_t rank = std::numeric_limits<uint32_t>::max();  // the lower, the earlier; the maximum: these do not merge
  int32_t id = -1;                                       // the token that the two become
};

class MergeTable {
 public:
  // The table is sized for this many merges.
  explicit MergeTable(size_t n_merges = 0);

  // Of equal pairs the first one added stays. Preconditions: ids are not negative; rank is not the maximum; no more
  // than n_merges additions.
  void add(int32_t left, int32_t right, Merge merge);
  // A merge of the maximal rank where there is none, or where a symbol is negative.
  Merge find(int32_t left, int32_t right) const;

 private:
  struct Slot {
    uint64_t pair = kFree;  // left << 32 | right
    Merge merge;
  };
  static constexpr uint64_t kFree = std::numeric_limits<uint64_t>::max();
  size_t slot_of(uint64_t pair) const;

  std::vector<Slot> slots_;  // a power of two, at least twice the number of merges
};

// Applies merges to words; keeps its memory between words. One thread at a time.
class WordMerger {
 public:
  explicit WordMerger(const MergeTable& table) : table_(&table) {}

  // Merges the symbols in place; a negative one never merges. Preconditions: fewer than 2^31 symbols, none the
  // lowest integer.
  void merge(std::vector<int32_t>& symbols);

 private:
  void merge_short(std::vector<int32_t>& symbols);
  void merge_long(std::vector<int32_t>& symbols);
  void push_candidate(const std::vector<int32_t>& symbols, int32_t left);

  const MergeTable* table_;
  std::vector<Merge> merges_;      // (symbols - 1): of each adjacent pair, for short words
  std::vector<int32_t> next_;      // (symbols): the neighbour that is left to the right, or -1
  std::vector<int32_t> previous_;  // (symbols): to the left, or -1
  std::vector<uint64_t> heap_;     // rank << 32 | position of the left symbol, the least on top
};

}  // namespace ingot::core
