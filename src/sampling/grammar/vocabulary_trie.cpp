#include "sampling/grammar/vocabulary_trie.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "sampling/grammar/code_points.h"
#include "sampling/grammar/text_steps.h"

namespace ingot::core {
namespace {

// Characters of a plain text; 0 for any other.
uint32_t plain_characters(std::string_view text) {
  uint32_t n_characters = 0;
  while (!text.empty()) {
    const auto character = take_character(text);
    if (!character || !is_plain_character(*character)) return 0;
    ++n_characters;
  }
  return n_characters;
}

}  // namespace

TokenTree::TokenTree(const std::vector<std::string>& token_bytes, std::vector<int32_t> tokens)
    : tokens_(std::move(tokens)) {
  std::sort(tokens_.begin(), tokens_.end(), [&](int32_t a, int32_t b) {
    const int compared = token_bytes[static_cast<size_t>(a)].compare(token_bytes[static_cast<size_t>(b)]);
    return compared != 0 ? compared < 0 : a < b;
  });
  nodes_.push_back({});
  std::vector<uint32_t> path = {0};  // nodes from the root to the last token's
  std::string_view before;
  for (uint32_t rank = 0; rank < tokens_.size(); ++rank) {
    const std::string_view text = token_bytes[static_cast<size_t>(tokens_[rank])];
    const auto n_common = static_cast<std::ptrdiff_t>(std::min(text.size(), before.size()));
    const auto shared =
        static_cast<size_t>(std::mismatch(text.begin(), text.begin() + n_common, before.begin()).first - text.begin());
    while (path.size() > shared + 1) {
      nodes_[path.back()].end = static_cast<uint32_t>(nodes_.size());
      path.pop_back();
    }
    for (size_t depth = shared; depth < text.size(); ++depth) {
      path.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back(
          {.first_token = rank, .depth = static_cast<uint16_t>(depth + 1), .byte = static_cast<uint8_t>(text[depth])});
    }
    before = text;
  }
  for (const uint32_t node : path) nodes_[node].end = static_cast<uint32_t>(nodes_.size());
  const auto n_nodes = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({.end = n_nodes + 1, .first_token = static_cast<uint32_t>(tokens_.size())});
}

std::shared_ptr<const VocabularyTrie> VocabularyTrie::build(ConstraintVocabulary vocabulary) {
  auto trie = std::make_shared<VocabularyTrie>();
  trie->vocabulary_ = std::move(vocabulary);
  const std::vector<std::string>& bytes = trie->vocabulary_.token_bytes;
  trie->vocabulary_.n_logits = std::max(trie->vocabulary_.n_logits, static_cast<int64_t>(bytes.size()));
  std::erase_if(trie->vocabulary_.end_tokens,
                [&](int32_t token) { return token < 0 || static_cast<size_t>(token) >= bytes.size(); });
  trie->plain_.assign(kMaxPlainCharacters + 1, TokenMask(trie->n_words()));
  std::vector<int32_t> tokens;
  std::vector<int32_t> rest;
  for (int32_t token = 0; token < trie->n_tokens(); ++token) {
    const std::string& text = trie->token_bytes(token);
    if (text.empty() || text.size() > kMaxTokenBytes) continue;
    tokens.push_back(token);
    trie->max_depth_ = std::max(trie->max_depth_, static_cast<uint32_t>(text.size()));
    const uint32_t n_characters = plain_characters(text);
    const bool is_plain = n_characters > 0 && n_characters <= kMaxPlainCharacters;
    if (!is_plain) rest.push_back(token);
    for (uint32_t n = n_characters; is_plain && n <= kMaxPlainCharacters; ++n) allow(token, trie->plain_[n]);
  }
  trie->all_ = TokenTree(bytes, std::move(tokens));
  trie->rest_ = TokenTree(bytes, std::move(rest));
  return trie;
}

}  // namespace ingot::core
