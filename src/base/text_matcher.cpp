#include "base/text_matcher.h"

#include "base/check.h"

namespace ingot::core {

TextMatcher::TextMatcher(std::string_view text) : text_(text), fallback_(text.size() + 1, 0) {
  INGOT_CHECK(!text.empty(), "every byte would be an occurrence");
  size_t border = 0;
  for (size_t end = 1; end < text_.size(); ++end) {
    while (border > 0 && text_[end] != text_[border]) border = fallback_[border];
    if (text_[end] == text_[border]) ++border;
    fallback_[end + 1] = border;
  }
}

bool TextMatcher::step(char byte) {
  if (n_matched_ == text_.size()) n_matched_ = fallback_[n_matched_];
  while (n_matched_ > 0 && byte != text_[n_matched_]) n_matched_ = fallback_[n_matched_];
  if (byte == text_[n_matched_]) ++n_matched_;
  return n_matched_ == text_.size();
}

}  // namespace ingot::core
