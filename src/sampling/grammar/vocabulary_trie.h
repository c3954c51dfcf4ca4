// The tokens of a vocabulary as a tree of their bytes, so that what tokens share at their beginning is walked once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace ingot::core {

// A vocabulary as plain data.
struct ConstraintVocabulary {
  std::vector<std::string> token_bytes;  // one a token; empty: never allowed (control tokens, unused ones)
  std::vector<int32_t> end_tokens;       // allowed where the text may end
  int64_t n_logits = 0;                  // rows of the model's head; at least as many as tokens
};

// Bit t % 64 of word t / 64 stands for token t.
using TokenMask = std::vector<uint64_t>;

inline void allow(int32_t token, std::span<uint64_t> out_mask) {
  out_mask[static_cast<size_t>(token) / 64] |= uint64_t{1} << (static_cast<size_t>(token) % 64);
}

// Nodes lie in preorder: a node's children follow it, and what is below a node is skipped by going on at its end.
class TokenTree {
 public:
  struct Node {
    uint32_t end = 0;          // the first node that is not below this one
    uint32_t first_token = 0;  // its tokens go on to the first token of the next node
    uint16_t depth = 0;        // bytes from the root; the root, node 0, has 0
    uint8_t byte = 0;
  };

  TokenTree() = default;
  // Of these tokens, none of which may be empty or longer than VocabularyTrie::kMaxTokenBytes.
  TokenTree(const std::vector<std::string>& token_bytes, std::vector<int32_t> tokens);

  // One more than there are stands at the end, for its first_token.
  std::span<const Node> nodes() const { return nodes_; }
  std::span<const int32_t> tokens_at(uint32_t node) const {
    return std::span(tokens_).subspan(nodes_[node].first_token,
                                      nodes_[node + 1].first_token - nodes_[node].first_token);
  }

 private:
  std::vector<Node> nodes_;
  std::vector<int32_t> tokens_;
};

// Most tokens are plain text: whole characters, none of which JSON escapes. A state in which every such character
// leads to the same next one allows all of them up to some number of characters, and only the rest is walked.
class VocabularyTrie {
 public:
  // Longer tokens are never allowed: their walk would be as long.
  static constexpr size_t kMaxTokenBytes = 1024;
  // Plain tokens of more characters are of the rest.
  static constexpr uint32_t kMaxPlainCharacters = 32;

  static std::shared_ptr<const VocabularyTrie> build(ConstraintVocabulary vocabulary);

  const TokenTree& all() const { return all_; }
  const TokenTree& rest() const { return rest_; }
  // Plain tokens of at most so many characters. Precondition: n_characters <= kMaxPlainCharacters.
  const TokenMask& plain(uint32_t n_characters) const { return plain_[n_characters]; }

  const std::string& token_bytes(int32_t token) const { return vocabulary_.token_bytes[static_cast<size_t>(token)]; }
  int32_t n_tokens() const { return static_cast<int32_t>(vocabulary_.token_bytes.size()); }
  std::span<const int32_t> end_tokens() const { return vocabulary_.end_tokens; }
  size_t n_words() const { return (static_cast<size_t>(vocabulary_.n_logits) + 63) / 64; }
  uint32_t max_depth() const { return max_depth_; }

 private:
  ConstraintVocabulary vocabulary_;
  TokenTree all_;
  TokenTree rest_;
  std::vector<TokenMask> plain_;
  uint32_t max_depth_ = 0;
};

}  // namespace ingot::core
