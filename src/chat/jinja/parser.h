// Template text to Syntax.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "chat/jinja/syntax.h"

namespace ingot::core::jinja {

// Errors name the line. Refused by name: include, import, extends, block, and tags that are unknown; filters and tests
// that are unknown, unless under an `if`, where they are an error only when reached.
Result<std::unique_ptr<const Syntax>> parse(std::string_view source);

}  // namespace ingot::core::jinja
