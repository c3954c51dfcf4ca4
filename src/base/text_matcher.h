// Finds every occurrence of one text in bytes that arrive one at a time: Knuth, Morris and Pratt's automaton.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::core {

class TextMatcher {
 public:
  // Precondition: text is not empty.
  explicit TextMatcher(std::string_view text);

  // True: with this byte an occurrence is complete. Occurrences may overlap.
  bool step(char byte);
  // How many bytes of the text the bytes so far end with.
  size_t n_matched() const { return n_matched_; }
  const std::string& text() const { return text_; }
  void reset() { n_matched_ = 0; }

 private:
  std::string text_;
  std::vector<size_t> fallback_;  // fallback_[n]: the longest proper border of the first n bytes
  size_t n_matched_ = 0;
};

}  // namespace ingot::core
