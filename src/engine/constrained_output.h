// Grammars as the public interface hands them over, and their use on a model's vocabulary.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "ingot/grammar.h"
#include "sampling/grammar/constraint.h"
#include "tokenizer/tokenizer.h"

namespace ingot {

struct Grammar::Impl {
  std::shared_ptr<const core::Automaton> automaton;
  std::mutex mutex;
  // One for each vocabulary that the grammar was used with and that is still there.
  std::vector<std::pair<std::weak_ptr<const core::VocabularyTrie>, std::shared_ptr<core::TokenMasks>>> masks = {};
};

}  // namespace ingot

namespace ingot::core {

// n_logits: rows of the model's head, at least as many as the vocabulary has entries.
std::shared_ptr<const VocabularyTrie> vocabulary_trie(const Tokenizer& tokenizer, int64_t n_logits);

// The masks of grammar for this vocabulary; made once, then shared.
std::shared_ptr<TokenMasks> token_masks(const Grammar& grammar, const std::shared_ptr<const VocabularyTrie>& trie);

}  // namespace ingot::core
