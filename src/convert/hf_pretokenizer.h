// Which of GGUF's pre-tokenizers a tokenizer.json of byte-level BPE asks for.
#pragma once

#include <string>

#include "base/result.h"
#include "convert/json_file.h"

namespace ingot::core {

// pre_tokenizer: that of tokenizer.json, called name in errors. Gives the name under which GGUF files carry it
// (tokenizer.ggml.pre). Errors: a step, an option or a pattern that belongs to no name, quoted.
Result<std::string> find_pretokenizer_name(const Json& pre_tokenizer, const std::string& name, bool ignore_merges);

}  // namespace ingot::core
