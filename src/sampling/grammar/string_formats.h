// The values of JSON Schema's "format" that are generated, each as a regular expression.
#pragma once

#include <string>
#include <string_view>

namespace ingot::core {

// Empty for a format that is not known.
std::string_view format_pattern(std::string_view format);
// Those that are: for messages.
std::string known_formats();

}  // namespace ingot::core
