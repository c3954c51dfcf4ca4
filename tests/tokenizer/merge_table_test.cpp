#include "tokenizer/merge_table.h"

#include <gtest/gtest.h>

#include "golden.h"

namespace ingot::core {
namespace {

// The definition: search all pairs, merge the first of the lowest rank, again and again.
std::vector<int32_t> merge_plainly(const MergeTable& table, std::vector<int32_t> symbols) {
  for (;;) {
    size_t best = 0;
    Merge lowest;
    for (size_t left = 0; left + 1 < symbols.size(); left++) {
      const Merge merge = table.find(symbols[left], symbols[left + 1]);
      if (merge.rank < lowest.rank) {
        lowest = merge;
        best = left;
      }
    }
    if (lowest.id < 0) return symbols;
    symbols[best] = lowest.id;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

TEST(MergeTableTest, FindsWhatWasAddedFirst) {
  MergeTable table(3);
  table.add(1, 2, {7, 100});
  table.add(1, 2, {8, 101});
  table.add(2, 1, {9, 102});
  EXPECT_EQ(table.find(1, 2).id, 100);
  EXPECT_EQ(table.find(2, 1).rank, 9u);
  EXPECT_EQ(table.find(1, 1).id, -1);
  EXPECT_EQ(table.find(-5, 2).id, -1);
  EXPECT_EQ(MergeTable().find(0, 0).id, -1);
}

TEST(WordMergerTest, ShortAndLongWordsFollowTheDefinition) {
  test::Random random(3);
  for (int round = 0; round < 400; round++) {
    const uint32_t n_letters = 1 + random.below(4);
    MergeTable table(40);
    int32_t next_id = static_cast<int32_t>(n_letters);
    for (uint32_t rank = 0; rank < 40; rank++) {
      const auto left = static_cast<int32_t>(random.below(static_cast<uint32_t>(next_id)));
      const auto right = static_cast<int32_t>(random.below(static_cast<uint32_t>(next_id)));
      if (table.find(left, right).id < 0) table.add(left, right, {rank, next_id++});
    }
    WordMerger merger(table);
    std::vector<int32_t> symbols(random.below(round % 2 == 0 ? 49 : 300));
    for (int32_t& symbol : symbols) {
      symbol = random.below(20) == 0 ? -1 : static_cast<int32_t>(random.below(n_letters));
    }
    const std::vector<int32_t> expected = merge_plainly(table, symbols);
    merger.merge(symbols);
    EXPECT_EQ(symbols, expected) << "round " << round;
  }
}

}  // namespace
}  // namespace ingot::core
