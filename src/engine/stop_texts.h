// Finds the first stop text in a text that arrives in pieces, and tells what may be shown meanwhile.
//
// One matcher per stop text runs over the bytes. Its state is how much of the stop text the text
// so far ends with: exactly what has to be held back. The text ends where the first stop text becomes complete, so the
// result depends on the bytes alone, not on how tokens cut them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text_matcher.h"

namespace ingot::core {

class StopTexts {
 public:
  // Errors: an empty stop text.
  static Result<StopTexts> create(const std::vector<std::string>& texts);

  // The part of what was held and of piece that is certain now. Precondition: !found().
  std::string push(std::string_view piece);
  // What is still held when the text ends by itself.
  std::string flush();
  // A stop text is complete; it and all behind it are dropped.
  bool found() const { return found_; }

 private:
  std::vector<TextMatcher> matchers_;
  std::string held_;
  bool found_ = false;
};

}  // namespace ingot::core
