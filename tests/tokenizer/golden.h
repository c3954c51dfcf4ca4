// What the tokenizer tests share: goldens of tests/golden/tokenizer, real vocabularies outside the repository, and a
// tokenizer from plain data.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gguf/reader.h"
#include "tokenizer/tokenizer.h"

namespace ingot::core::test {

inline std::string unhex(const std::string& digits) {
  std::string bytes;
  for (size_t at = 0; at + 1 < digits.size(); at += 2) {
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

inline nlohmann::json read_golden(const std::string& name) {
  std::ifstream file(std::filesystem::path(INGOT_TOKENIZER_GOLDENS) / name);
  return nlohmann::json::parse(file);
}

inline Vocabulary vocabulary_of(const nlohmann::json& golden) {
  Vocabulary vocabulary;
  vocabulary.model = golden.at("model");
  vocabulary.tokens = golden.at("tokens").get<std::vector<std::string>>();
  vocabulary.token_type = golden.at("token_type").get<std::vector<int32_t>>();
  if (golden.contains("scores")) vocabulary.scores = golden.at("scores").get<std::vector<float>>();
  const std::string charsmap = unhex(golden.value("precompiled_charsmap", ""));
  vocabulary.precompiled_charsmap.assign(charsmap.begin(), charsmap.end());
  return vocabulary;
}

inline std::string text_of(const nlohmann::json& golden_case) {
  if (golden_case.contains("hex")) return unhex(golden_case.at("hex"));
  return golden_case.at("text").get<std::string>();
}

// A file of data/ outside the repository, if it is there.
inline std::optional<std::filesystem::path> find_data(const std::string& name) {
  const char* data = std::getenv("INGOT_TEST_DATA");
  const auto folder = data != nullptr ? std::filesystem::path(data)
                                      : std::filesystem::path(INGOT_TOKENIZER_GOLDENS) / "../../../../shared/data";
  const auto path = folder / name;
  return std::filesystem::exists(path) ? std::optional(path) : std::nullopt;
}

// A model that scripts/fetch_model.py has fetched, if it is there.
inline std::optional<std::filesystem::path> find_model(const std::string& name) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const auto folder = cache != nullptr ? std::filesystem::path(cache)
                                       : std::filesystem::path(home != nullptr ? home : "/nonexistent") / ".cache";
  const auto path = folder / "ingot/models" / name;
  return std::filesystem::exists(path) ? std::optional(path) : std::nullopt;
}

// What a SentencePiece tokenizer needs of a GGUF file.
inline Vocabulary sentencepiece_vocabulary(const std::filesystem::path& path) {
  auto file = GgufFile::open(path.string());
  EXPECT_TRUE(file) << (file ? "" : file.error().message);
  Vocabulary vocabulary;
  if (!file) return vocabulary;
  const GgufMetadata& metadata = file->metadata();
  const std::string prefix = "tokenizer.ggml.";
  vocabulary.model = metadata.get_string(prefix + "model")->value();
  vocabulary.tokens = metadata.get_strings(prefix + "tokens")->value();
  const std::vector<double> scores = metadata.get_floats(prefix + "scores")->value();
  vocabulary.scores.assign(scores.begin(), scores.end());
  const std::vector<int64_t> types = metadata.get_ints(prefix + "token_type")->value();
  vocabulary.token_type.assign(types.begin(), types.end());
  vocabulary.bos_token_id = *metadata.get_int(prefix + "bos_token_id");
  vocabulary.eos_token_id = *metadata.get_int(prefix + "eos_token_id");
  vocabulary.unknown_token_id = *metadata.get_int(prefix + "unknown_token_id");
  vocabulary.add_bos_token = *metadata.get_bool(prefix + "add_bos_token");
  vocabulary.add_eos_token = *metadata.get_bool(prefix + "add_eos_token");
  vocabulary.add_space_prefix = *metadata.get_bool(prefix + "add_space_prefix");
  return vocabulary;
}

inline Result<std::unique_ptr<Tokenizer>> create(Vocabulary vocabulary) {
  return Tokenizer::create(std::make_shared<const Vocabulary>(std::move(vocabulary)));
}

// Precondition: the vocabulary is good; else a null pointer, and the test has failed.
inline std::unique_ptr<Tokenizer> must_create(Vocabulary vocabulary) {
  auto tokenizer = create(std::move(vocabulary));
  EXPECT_TRUE(tokenizer) << (tokenizer ? "" : tokenizer.error().message);
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

// The ids of the text alone.
inline std::vector<int32_t> encode(const Tokenizer& tokenizer, std::string_view text) {
  auto ids = tokenizer.encode(text, {.parse_special = false, .add_special = false});
  EXPECT_TRUE(ids) << (ids ? "" : ids.error().message);
  return ids ? *ids : std::vector<int32_t>{};
}

inline std::string decode(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  auto text = tokenizer.decode(ids);
  EXPECT_TRUE(text) << (text ? "" : text.error().message);
  return text ? *text : "";
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint32_t below(uint32_t limit) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>((state_ >> 33) % limit);
  }
  // Letters, spaces, characters of two and three bytes, and now and then a stray byte.
  std::string text(size_t n_parts) {
    static const std::vector<std::string> kParts{"a",  "e", "t", "th", " ",        "  ",
                                                 "\n", "é", "ß", "快", "\xE2\x82", "🙂"};
    std::string bytes;
    for (size_t part = 0; part < n_parts; part++) {
      const uint32_t pick = below(static_cast<uint32_t>(kParts.size()) + 2);
      bytes += pick < kParts.size() ? kParts[pick] : std::string(1, static_cast<char>(below(256)));
    }
    return bytes;
  }

 private:
  uint64_t state_;
};

}  // namespace ingot::core::test
