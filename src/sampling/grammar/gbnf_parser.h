// Reads GBNF, the grammar format of llama.cpp (its grammars/README.md): rules, literals, character classes, `.`,
// choices, groups, * + ? {m} {m,} {m,n}, comments. Token references (<...>) are refused.
#pragma once

#include <string_view>

#include "base/result.h"
#include "sampling/grammar/syntax.h"

namespace ingot::core {

struct ParsedGrammar {
  Syntax syntax;
  RuleId root = 0;
};

// Errors name line and column, and what was expected there.
Result<ParsedGrammar> parse_gbnf(std::string_view text);

}  // namespace ingot::core
