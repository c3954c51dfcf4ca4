// The steps of pre-tokenizers that are written out instead of matched by a pattern, because the pattern would take
// quadratic time (each looks ahead over a whole run of digits or white space) or is much faster by hand.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/pretokenizer_table.h"

namespace ingot::core {

// Unicode's property White_Space, which is what \s means in every pattern.
bool is_white_space(uint32_t code);

// Appends the ends of the pieces into which the rule cuts the piece, as offsets plus base; the last is the piece's own
// end. Preconditions: the piece is valid UTF-8 and not empty; the rule is not kPattern.
void split_by_rule(SplitRule rule, std::string_view piece, uint32_t base, std::vector<uint32_t>& out_ends);

}  // namespace ingot::core
