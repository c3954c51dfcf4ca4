// The tokens of a tokenizer.json: those of its model, those that were added, and holes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "convert/json_file.h"
#include "tokenizer/vocabulary.h"

namespace ingot::core {

struct HfVocabulary {
  std::vector<std::string> tokens;                          // as many as the embedding has rows; holes are [PADn]
  std::vector<TokenType> types;                             // kNormal, kControl, kUserDefined, kUnused
  std::vector<std::pair<std::string, std::string>> merges;  // the first one goes first
  std::unordered_map<std::string, int64_t> ids;             // of tokens that are no holes
  // Added tokens that the embedding has no row for, such as Gemma 3's image token in models without images.
  std::vector<std::string> without_row;
  // Empty where there is no such token.
  std::optional<int64_t> find(std::string_view token) const;
};

// root: the whole tokenizer.json. Errors: another model than BPE, options that GGUF does not have, ids that come
// twice; a token of the model itself beyond n_rows.
Result<HfVocabulary> read_hf_vocabulary(const JsonObject& root, int64_t n_rows);

// A score for each token, such that a tokenizer which always joins the pair of the highest score joins by these
// merges. Errors: there are none, since the merges leave out a pair whose joint is a token.
Result<std::vector<double>> scores_of_merges(const HfVocabulary& vocabulary, const std::string& name);

}  // namespace ingot::core
