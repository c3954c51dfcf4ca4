// SentencePiece BPE with byte fallback (tokenizer.ggml.model "llama").
#pragma once

#include <memory>

#include "tokenizer/tokenizer.h"

namespace ingot::core {

Result<std::unique_ptr<Tokenizer>> create_spm(std::shared_ptr<const Vocabulary> vocabulary);

}  // namespace ingot::core
