#include "tokenizer/charsmap.h"

#include "golden.h"

namespace ingot::core::test {
namespace {

std::vector<uint8_t> golden_blob() {
  return vocabulary_of(read_golden("unigram_small.json")).precompiled_charsmap;
}

void put_u32(std::vector<uint8_t>& blob, size_t at, uint32_t value) {
  if (blob.size() < at + 4) blob.resize(at + 4);
  for (size_t byte = 0; byte < 4; byte++) blob[at + byte] = static_cast<uint8_t>(value >> (8 * byte));
}

TEST(Charsmap, FindsTheLongestRule) {
  const std::vector<uint8_t> blob = golden_blob();
  const auto map = Charsmap::parse(blob);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->longest_rule("ﬁx").replacement, "fi");
  EXPECT_EQ(map->longest_rule("ﬁx").n_bytes, 3u);
  EXPECT_EQ(map->longest_rule("e\u0301x").replacement, "é");
  EXPECT_EQ(map->longest_rule("e\u0301x").n_bytes, 3u);
  EXPECT_EQ(map->longest_rule("\x1B").n_bytes, 1u) << "a rule may leave nothing";
  EXPECT_EQ(map->longest_rule("\x1B").replacement, "");
  EXPECT_EQ(map->longest_rule("x").n_bytes, 0u);
  EXPECT_EQ(map->longest_rule("").n_bytes, 0u);
}

TEST(Charsmap, AnEmptyBlobHasNoRules) {
  const std::vector<uint8_t> blob;
  const auto map = Charsmap::parse(blob);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->longest_rule("a").n_bytes, 0u);
}

TEST(Charsmap, RefusesSizesThatDoNotFit) {
  for (const uint32_t trie_bytes : {0u, 5u, 0xFFFFFFFCu, 0xFFFFFFFFu}) {
    std::vector<uint8_t> blob(64);
    put_u32(blob, 0, trie_bytes);
    const auto map = Charsmap::parse(blob);
    ASSERT_FALSE(map) << trie_bytes;
    EXPECT_NE(map.error().message.find("precompiled_charsmap"), std::string::npos);
  }
  EXPECT_FALSE(Charsmap::parse({1, 2, 3}));
}

TEST(Charsmap, RefusesReplacementsOutsideTheBlobOrWithoutEnd) {
  const uint32_t value_bit = uint32_t{1} << 31;
  std::vector<uint8_t> blob;
  put_u32(blob, 0, 4);
  put_u32(blob, 4, value_bit | 2);
  blob.insert(blob.end(), {'a', 0});
  EXPECT_FALSE(Charsmap::parse(blob)) << "past the end";
  put_u32(blob, 4, value_bit | 1);
  EXPECT_TRUE(Charsmap::parse(blob));
  blob.back() = 'b';
  EXPECT_FALSE(Charsmap::parse(blob)) << "no zero byte";
  blob.resize(8 + 100'000, 'b');
  blob.push_back(0);
  EXPECT_FALSE(Charsmap::parse(blob)) << "a replacement that would blow up the text";
}

TEST(Charsmap, AWalkInARingEnds) {
  // Unit c carries the label c and offset 0, so that every byte leads back among the same 256 units for ever.
  std::vector<uint8_t> blob;
  put_u32(blob, 0, 256 * 4);
  for (uint32_t unit = 0; unit < 256; unit++) put_u32(blob, 4 + 4 * unit, unit);
  blob.push_back(0);
  const auto map = Charsmap::parse(blob);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->longest_rule(std::string(1'000'000, '\1')).n_bytes, 0u);
}

TEST(Charsmap, DamagedBlobsAreRefusedOrHarmless) {
  const std::vector<uint8_t> good = golden_blob();
  Vocabulary vocabulary = vocabulary_of(read_golden("unigram_small.json"));
  Random random(11);
  size_t n_accepted = 0;
  for (int round = 0; round < 300; round++) {
    vocabulary.precompiled_charsmap = good;
    for (uint32_t n_changes = 1 + random.below(8); n_changes > 0; n_changes--) {
      const uint32_t at = random.below(static_cast<uint32_t>(good.size()));
      vocabulary.precompiled_charsmap[at] = static_cast<uint8_t>(random.below(256));
    }
    const auto tokenizer = create(vocabulary);
    if (!tokenizer) continue;
    n_accepted++;
    EXPECT_TRUE((*tokenizer)->encode(random.text(200), {}));
  }
  EXPECT_GT(n_accepted, 0u);
}

}  // namespace
}  // namespace ingot::core::test
