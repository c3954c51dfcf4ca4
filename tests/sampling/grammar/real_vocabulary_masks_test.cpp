// Masks on the vocabularies of real models, against each token's bytes fed by themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "constrained_text.h"
#include "engine/constrained_output.h"
#include "gguf/reader.h"
#include "model/vocabulary.h"
#include "sampling/grammar/json_schema.h"
#include "sampling/rng.h"

namespace ingot::core {
namespace {

constexpr const char* kSchema = R"({"type": "object", "properties": {
    "name": {"type": "string"}, "short": {"type": "string", "maxLength": 6}, "age": {"type": "integer", "maximum": 99},
    "code": {"type": "string", "pattern": "^[a-f]{2,5}(é|中)*$"}, "any": true}, "required": ["name", "short", "code"],
    "additionalProperties": {"type": "array", "items": {"type": "number"}}})";

std::vector<std::filesystem::path> vocabularies() {
  const char* data = std::getenv("INGOT_TEST_DATA");
  const auto folder =
      (data != nullptr ? std::filesystem::path(data) : std::filesystem::path(INGOT_SHARED_DATA)) / "vocab";
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::exists(folder)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".gguf") found.push_back(entry.path());
  }
  return found;
}

void check_vocabulary(const std::filesystem::path& path) {
  const auto file = GgufFile::open(path.string());
  ASSERT_TRUE(file) << file.error().message;
  const auto tokenizer = Tokenizer::create(read_vocabulary(file->metadata()).value());
  ASSERT_TRUE(tokenizer) << path << ": " << tokenizer.error().message;
  const auto trie = vocabulary_trie(**tokenizer, 0);
  const auto parsed = parse_json_schema(kSchema);
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto masks = std::make_shared<TokenMasks>(Automaton::compile(parsed->syntax, parsed->root).value(), trie);
  Rng rng(11);
  size_t n_allowed = 0;
  for (int text = 0; text < 3; ++text) {
    Constraint constraint(masks);
    Walker walker(masks->automaton());
    ConfigurationSet here;
    walker.enter({masks->automaton().start(), kBottom}, here);
    for (int step = 0; step < 25 && !constraint.is_complete(); ++step) {
      const auto mask = constraint.allowed();
      ASSERT_TRUE(mask.has_value()) << mask.error().message;
      std::vector<int32_t> possible;
      for (int32_t token = 0; token < trie->n_tokens(); ++token) {
        if ((*tokenizer)->is_end(token)) continue;
        const std::string& bytes = trie->token_bytes(token);
        bool expected = !bytes.empty();
        ConfigurationSet now = here;
        for (const char byte : bytes) {
          ConfigurationSet next;
          walker.step(now, static_cast<uint8_t>(byte), next);
          now = std::move(next);
          expected = !now.is_dead();
          if (!expected) break;
        }
        walker.reset_work();
        const bool found = (((*mask)[static_cast<size_t>(token) / 64] >> (token % 64)) & 1) != 0;
        ASSERT_EQ(found, expected) << path << ": token " << token << " \"" << bytes << "\"";
        if (expected) possible.push_back(token);
      }
      ASSERT_FALSE(possible.empty());
      n_allowed += possible.size();
      // Half of the time something with structure in it, so that texts get somewhere.
      int32_t token = possible[rng.next() % possible.size()];
      for (int attempt = 0; attempt < 200 && step % 2 == 1; ++attempt) {
        if (trie->token_bytes(token).find_first_of("\"}]:,") != std::string::npos) break;
        token = possible[rng.next() % possible.size()];
      }
      for (const char byte : trie->token_bytes(token)) {
        ConfigurationSet next;
        walker.step(here, static_cast<uint8_t>(byte), next);
        here = std::move(next);
      }
      ASSERT_TRUE(constraint.accept(token).has_value());
    }
  }
  EXPECT_GT(n_allowed, 100000u) << path;
}

TEST(RealVocabularyMasks, AgreeWithTryingEachTokenAlone) {
  const auto paths = vocabularies();
  if (paths.empty()) GTEST_SKIP() << "no vocabularies: set INGOT_TEST_DATA to the folder that holds vocab/";
  for (const auto& path : paths) check_vocabulary(path);
}

}  // namespace
}  // namespace ingot::core
