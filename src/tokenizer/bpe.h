// Byte-level BPE (tokenizer.ggml.model "gpt2").
#pragma once

#include <memory>

#include "tokenizer/tokenizer.h"

namespace ingot::core {

Result<std::unique_ptr<Tokenizer>> create_bpe(std::shared_ptr<const Vocabulary> vocabulary);

}  // namespace ingot::core
