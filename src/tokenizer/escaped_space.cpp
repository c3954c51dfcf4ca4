#include "tokenizer/escaped_space.h"

#include <cstddef>

namespace ingot::core {

void escape_spaces(std::string_view text, std::string& out_escaped) {
  for (const char c : text) {
    if (c == ' ') {
      out_escaped.append(kEscapedSpace);
    } else {
      out_escaped.push_back(c);
    }
  }
}

std::string unescape_spaces(std::string_view text) {
  std::string spaced;
  spaced.reserve(text.size());
  for (size_t position = 0; position < text.size();) {
    if (text.substr(position).starts_with(kEscapedSpace)) {
      spaced.push_back(' ');
      position += kEscapedSpace.size();
    } else {
      spaced.push_back(text[position++]);
    }
  }
  return spaced;
}

}  // namespace ingot::core
