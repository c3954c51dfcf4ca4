// Byte-level BPE (tokenizer.ggml.model "gpt2"), and its variants on characters ("gemma4", "whitespace").
//
// A pre-tokenizer cuts the text into words; each word starts as its bytes (or characters) and grows by merges.
#pragma once

#include <memory>

#include "tokenizer/tokenizer.h"

namespace ingot::core {

Result<std::unique_ptr<Tokenizer>> create_bpe(std::shared_ptr<const Vocabulary> vocabulary);

}  // namespace ingot::core
