#include "tokenizer/byte_trie.h"

#include <set>

#include "golden.h"

namespace ingot::core::test {
namespace {

using Found = std::vector<std::pair<size_t, int32_t>>;

Found prefixes(const ByteTrie& trie, std::string_view text) {
  Found found;
  trie.each_prefix(text, [&](size_t n_bytes, int32_t id) { found.emplace_back(n_bytes, id); });
  return found;
}

TEST(ByteTrie, FindsWhatASearchOfAllFinds) {
  Random random(9);
  for (int round = 0; round < 200; round++) {
    std::vector<std::string> members(random.below(60));
    for (std::string& member : members) {
      for (uint32_t n = random.below(9); n > 0; n--) member.push_back("ab\0\xFF"[random.below(4)]);
    }
    std::vector<ByteTrie::Entry> entries;
    for (size_t id = 0; id < members.size(); id++) entries.push_back({members[id], static_cast<int32_t>(id)});
    const ByteTrie trie(entries);
    for (int probe = 0; probe < 50; probe++) {
      std::string text;
      for (uint32_t n = random.below(14); n > 0; n--) text.push_back("ab\0\xFF"[random.below(4)]);
      Found expected;
      for (size_t n_bytes = 1; n_bytes <= text.size(); n_bytes++) {
        const auto member = std::find(members.begin(), members.end(), text.substr(0, n_bytes));
        if (member != members.end()) expected.emplace_back(n_bytes, member - members.begin());
      }
      EXPECT_EQ(prefixes(trie, text), expected);
      EXPECT_EQ(trie.longest_prefix(text).n_bytes, expected.empty() ? 0 : expected.back().first);
    }
  }
}

TEST(ByteTrie, EmptyTriesAndTextsMatchNothing) {
  EXPECT_EQ(prefixes(ByteTrie(), "a"), Found{});
  EXPECT_EQ(prefixes(ByteTrie({{"", 1}}), "a"), Found{});
  EXPECT_EQ(prefixes(ByteTrie({{"a", 1}}), ""), Found{});
}

TEST(ByteTrie, LongMembersCostNoNodeAByte) {
  const std::string long_text(50'000'000, 'x');
  const std::string longer = long_text + "y";
  const ByteTrie trie({{long_text, 0}, {longer, 1}, {"x", 2}});
  EXPECT_EQ(prefixes(trie, longer), (Found{{1, 2}, {long_text.size(), 0}, {longer.size(), 1}}));
  EXPECT_EQ(prefixes(trie, long_text.substr(1)), (Found{{1, 2}}));
}

}  // namespace
}  // namespace ingot::core::test
