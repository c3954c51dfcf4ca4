// The vocabulary of RWKV World as a text: one token a line, "ID LITERAL N_BYTES", where the literal is Python's, a text
// ('\n', "it's") or bytes (b'\xff'). Ids rise by one from 1; 0 is the end of a document and has no line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/metadata.h"

namespace ingot::core {

// The bytes of each token, ids 1 and on. Errors: name, line and what was expected.
Result<std::vector<std::string>> parse_rwkv_vocabulary(std::string_view text, const std::string& name);

// Bytes as Python prints them between its quotes, which is how GGUF files hold them.
std::string python_escaped(std::string_view bytes);

// Adds the keys of the tokenizer, for an embedding of n_rows. Errors: the file's; more tokens than rows.
Status add_rwkv_vocabulary(const std::string& path, int64_t n_rows, GgufMetadata& out_metadata);

}  // namespace ingot::core
