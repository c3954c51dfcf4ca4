// Regular expressions as JSON Schema's "pattern" has them: the part of ECMA-262 (with the flag u) that describes
// regular languages. Look-around, back-references, word borders and \p{...} are refused by name.
#pragma once

#include <string_view>

#include "base/result.h"
#include "sampling/grammar/json_text.h"

namespace ingot::core {

// The strings, in JSON's one form and without quotes, in which pattern is found somewhere.
// Errors name the position in the pattern.
Result<Expression> parse_regex(std::string_view pattern, Syntax& syntax, JsonText& json);

}  // namespace ingot::core
