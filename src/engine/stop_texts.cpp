#include "engine/stop_texts.h"

#include <algorithm>
#include <utility>

namespace ingot::core {

Result<StopTexts> StopTexts::create(const std::vector<std::string>& texts) {
  StopTexts stops;
  for (const std::string& text : texts) {
    if (text.empty()) return invalid("a stop text is empty");
    stops.matchers_.emplace_back(text);
  }
  return stops;
}

std::string StopTexts::push(std::string_view piece) {
  size_t n_held = 0;
  for (const char byte : piece) {
    held_.push_back(byte);
    n_held = 0;
    for (TextMatcher& matcher : matchers_) {
      found_ = matcher.step(byte) || found_;
      n_held = std::max(n_held, matcher.n_matched());
    }
    if (!found_) continue;
    // Of stop texts that end here, the longest; a longer one that is only half there does not count.
    size_t n_stop = 0;
    for (const TextMatcher& matcher : matchers_) {
      if (matcher.n_matched() == matcher.text().size()) n_stop = std::max(n_stop, matcher.n_matched());
    }
    std::string certain = held_.substr(0, held_.size() - n_stop);
    held_.clear();
    return certain;
  }
  if (piece.empty()) return {};
  std::string certain = held_.substr(0, held_.size() - n_held);
  held_.erase(0, certain.size());
  return certain;
}

std::string StopTexts::flush() {
  return std::exchange(held_, {});
}

}  // namespace ingot::core
