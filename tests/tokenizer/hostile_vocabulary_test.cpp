// Vocabularies that no converter wrote: whatever they hold, creation fails with an error or encoding ends.
#include "base/sanitizer.h"
#include "golden.h"

namespace ingot::core::test {
namespace {

std::string random_token(Random& random) {
  static const std::vector<std::string> kParts{"a",      "b",   "ab",    "\xE2\x96\x81", "\xE2\x96",
                                               "<0x41>", "<0x", "\\x41", "\\",           "##",
                                               "[UNK]",  "<s>", "é",     "\xFF",         std::string(1, '\0')};
  std::string token;
  for (uint32_t n = random.below(5); n > 0; n--) token += kParts[random.below(static_cast<uint32_t>(kParts.size()))];
  return token;
}

Vocabulary random_vocabulary(Random& random) {
  Vocabulary vocabulary;
  vocabulary.model = std::vector<std::string>{"llama", "t5", "bert", "rwkv"}[random.below(4)];
  const uint32_t n_tokens = 1 + random.below(40);
  const bool typed = random.below(4) != 0;
  for (uint32_t id = 0; id < n_tokens; id++) {
    vocabulary.tokens.push_back(random_token(random));
    vocabulary.scores.push_back(static_cast<float>(random.below(10)) - 10);
    if (typed)
      vocabulary.token_type.push_back(
          static_cast<int32_t>(random.below(20) == 0 ? random.below(7) : 1 + random.below(5)));
  }
  if (random.below(2) == 0) vocabulary.unknown_token_id = random.below(n_tokens);
  if (random.below(2) == 0) vocabulary.bos_token_id = random.below(n_tokens);
  if (random.below(2) == 0) vocabulary.add_space_prefix = random.below(2) == 0;
  if (random.below(2) == 0) vocabulary.remove_extra_whitespaces = random.below(2) == 0;
  if (random.below(2) == 0) vocabulary.add_eos_token = random.below(2) == 0;
  return vocabulary;
}

TEST(HostileVocabulary, IsRefusedOrEncodesToItsOwnIds) {
  Random random(13);
  size_t n_created = 0;
  size_t n_encoded = 0;
  for (int round = 0; round < 3000; round++) {
    const auto tokenizer = create(random_vocabulary(random));
    if (!tokenizer) {
      EXPECT_NE(tokenizer.error().message.find("tokenizer.ggml."), std::string::npos) << tokenizer.error().message;
      continue;
    }
    n_created++;
    const std::string text = random.text(30) + random_token(random) + random_token(random);
    const auto ids = (*tokenizer)->encode(text, {.parse_special = random.below(2) == 0});
    if (!ids) continue;
    n_encoded++;
    EXPECT_TRUE((*tokenizer)->decode(*ids));
    EXPECT_TRUE((*tokenizer)->decode(*ids, /*show_control=*/true));
  }
  EXPECT_GT(n_created, 1000u);
  EXPECT_GT(n_encoded, 500u);
}

// Every run of up to n_lengths letters is a token: as much ambiguity as so many bytes of tokens can hold.
Vocabulary runs_of_a(const std::string& model, size_t n_lengths, bool longest_first) {
  Vocabulary vocabulary;
  vocabulary.model = model;
  vocabulary.tokens = {"<unk>"};
  vocabulary.token_type = {static_cast<int32_t>(TokenType::kUnknown)};
  vocabulary.scores = {0};
  for (size_t length = 1; length <= n_lengths; length++) {
    vocabulary.tokens.push_back((model == "bert" ? "\xE2\x96\x81" : "") + std::string(length, 'a'));
    vocabulary.token_type.push_back(static_cast<int32_t>(TokenType::kNormal));
    vocabulary.scores.push_back(static_cast<float>(length) * (longest_first ? 1.0F : -1.0F));
  }
  return vocabulary;
}

TEST(HostileVocabulary, RunsOfEveryLengthTakeBoundedTime) {
  for (const char* model : {"llama", "t5", "bert", "rwkv"}) {
    for (const bool longest_first : {false, true}) {
      const auto tokenizer = must_create(runs_of_a(model, 500, longest_first));
      ASSERT_NE(tokenizer, nullptr);
      const std::string text(200'000 / kSizeDivisor, 'a');
      EXPECT_TRUE(tokenizer->encode(text, {})) << model;
    }
  }
}

}  // namespace
}  // namespace ingot::core::test
