// Finds special tokens written in a text: at each place the longest one, from left to right.
//
// An Aho-Corasick automaton over the reversed token texts runs from the end of the text to its start. There, its state
// at a position tells the longest token that begins at this position, so time is linear in the text whatever tokens
// and text look like, a vocabulary with runs of a thousand spaces included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace ingot::core {

// A stretch of the text: either a special token (id >= 0) or plain text (id == -1).
struct TextFragment {
  int32_t id = -1;
  std::string_view text;
};

// Bytes [begin, end) of a text.
struct TextRange {
  size_t begin = 0;
  size_t end = 0;
};

class SpecialTokens {
 public:
  SpecialTokens() = default;
  // strip_right: white space after a control token belongs to it. types: one a token.
  SpecialTokens(const Vocabulary& vocabulary, const std::vector<TokenType>& types, bool strip_right);

  // The fragments in order, none of them empty. Control and unknown tokens are found only with parse_special,
  // user-defined ones always.
  std::vector<TextFragment> split(std::string_view text, bool parse_special) const;
  // With parse_special, but no token that steers the model takes a byte of the user's ranges (sorted, apart, within the
  // text): that stays text. Those are control and unknown tokens, and user-defined ones that read as markers, as
  // "<|user|>" and "<tool_call>" do; runs of spaces and the like are found everywhere.
  std::vector<TextFragment> split_marked(std::string_view text, std::span<const TextRange> user) const;

 private:
  class Automaton {
   public:
    Automaton() : nodes_(1) {}
    void add(std::string_view text, int32_t id);
    void finish();
    bool empty() const { return nodes_.size() <= 1; }
    // Calls found(position, id) for each position at which a token begins, from the last position to the first.
    template <typename Found>
    void scan_backwards(std::string_view text, Found found) const;

   private:
    struct Node {
      int32_t first_child = -1;
      int32_t next_sibling = -1;
      int32_t fail = 0;
      int32_t longest = -1;  // the longest token that ends in this state
      uint8_t byte = 0;
    };
    int32_t child(int32_t node, uint8_t byte) const;
    int32_t step(int32_t state, uint8_t byte) const;

    std::vector<Node> nodes_;    // the first is the root
    std::vector<int32_t> root_;  // (256): the root's children, -1 where there is none
  };

  using Matches = std::vector<std::pair<size_t, int32_t>>;  // (position, id), by falling position
  std::vector<TextFragment> fragments_of(std::string_view text, Matches matches) const;

  Automaton user_defined_;            // these alone
  Automaton plain_;                   // of these, the ones that do not read as markers
  Automaton all_;                     // these and control and unknown tokens
  std::vector<uint8_t> strip_right_;  // per token; empty where no token strips
  std::vector<uint32_t> n_bytes_;     // per token
};

}  // namespace ingot::core
