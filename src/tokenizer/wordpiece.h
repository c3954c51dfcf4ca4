// WordPiece (tokenizer.ggml.model "bert").
#pragma once

#include <memory>

#include "tokenizer/tokenizer.h"

namespace ingot::core {

Result<std::unique_ptr<Tokenizer>> create_wordpiece(std::shared_ptr<const Vocabulary> vocabulary);

}  // namespace ingot::core
