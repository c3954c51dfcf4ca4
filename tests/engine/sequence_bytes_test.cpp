#include "engine/sequence_bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace ingot::core {
namespace {

SavedSequence example() {
  return {.tokens = {1, -1, 300}, .last_logits = {0.5f, -2.0f}, .state = {std::byte{7}, std::byte{8}, std::byte{9}}};
}

TEST(SequenceBytes, ComeBackAsTheyWere) {
  const auto restored = unpack_sequence(pack_sequence(example()));
  ASSERT_TRUE(restored.has_value()) << restored.error().message;
  EXPECT_EQ(restored->tokens, example().tokens);
  EXPECT_EQ(restored->last_logits, example().last_logits);
  EXPECT_EQ(restored->state, example().state);
}

TEST(SequenceBytes, OfAnEmptySequenceComeBack) {
  EXPECT_TRUE(unpack_sequence(pack_sequence({.tokens = {}, .last_logits = {}, .state = {}})).has_value());
}

TEST(SequenceBytes, AnyAlteredBitIsAnError) {
  const std::vector<std::byte> bytes = pack_sequence(example());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::vector<std::byte> altered = bytes;
    altered[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(unpack_sequence(altered).has_value()) << "bit " << bit;
  }
}

TEST(SequenceBytes, AnyCutIsAnError) {
  std::vector<std::byte> bytes = pack_sequence(example());
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(unpack_sequence(bytes).has_value());
  bytes.pop_back();
  while (!bytes.empty()) {
    bytes.pop_back();
    EXPECT_FALSE(unpack_sequence(bytes).has_value()) << bytes.size() << " bytes";
  }
}

}  // namespace
}  // namespace ingot::core
