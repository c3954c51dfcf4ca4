// White space of markup and of JSON: space, tab, line feed, carriage return.
#pragma once

namespace ingot::core {

constexpr bool is_white_space(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

}  // namespace ingot::core
