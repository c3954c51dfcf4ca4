// Reads a JSON Schema (draft 2020-12) into rules whose texts are the JSON documents that it describes.
//
// What a keyword means is generated exactly, or the keyword is refused with its name and place; nothing is passed over
// but annotations. docs/constrained_output.md lists the keywords and says in which form JSON is written.
#pragma once

#include <string_view>

#include "base/result.h"
#include "sampling/grammar/gbnf_parser.h"

namespace ingot::core {

// Errors name the place in the schema as a JSON pointer.
Result<ParsedGrammar> parse_json_schema(std::string_view text);

}  // namespace ingot::core
