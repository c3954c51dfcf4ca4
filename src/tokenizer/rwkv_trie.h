// RWKV World, greedy longest match (tokenizer.ggml.model "rwkv").
#pragma once

#include <memory>

#include "tokenizer/tokenizer.h"

namespace ingot::core {

Result<std::unique_ptr<Tokenizer>> create_rwkv_trie(std::shared_ptr<const Vocabulary> vocabulary);

}  // namespace ingot::core
