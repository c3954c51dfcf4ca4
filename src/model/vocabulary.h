// From a file's metadata to the plain vocabulary that tokenizers are built from.
#pragma once

#include <memory>

#include "base/result.h"
#include "gguf/metadata.h"
#include "tokenizer/vocabulary.h"

namespace ingot::core {

// The vocabulary of any GGUF file, vocabulary-only ones too. Errors name a key of the wrong type; what the entries
// mean is checked by Tokenizer::create.
Result<std::shared_ptr<const Vocabulary>> read_vocabulary(const GgufMetadata& metadata);

}  // namespace ingot::core
