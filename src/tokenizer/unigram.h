// SentencePiece Unigram (tokenizer.ggml.model "t5").
#pragma once

#include <memory>

#include "tokenizer/tokenizer.h"

namespace ingot::core {

Result<std::unique_ptr<Tokenizer>> create_unigram(std::shared_ptr<const Vocabulary> vocabulary);

}  // namespace ingot::core
