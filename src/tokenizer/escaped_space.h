// SentencePiece writes a space as U+2581, so that its pieces hold no white space.
#pragma once

#include <string>
#include <string_view>

namespace ingot::core {

constexpr std::string_view kEscapedSpace = "\xE2\x96\x81";

// Appends text with each space as U+2581.
void escape_spaces(std::string_view text, std::string& out_escaped);
std::string unescape_spaces(std::string_view text);

}  // namespace ingot::core
