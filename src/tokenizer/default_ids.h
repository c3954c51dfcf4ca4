// Ids that a file leaves unsaid. A guess is taken only where the vocabulary itself supports it.
#pragma once

#include <cstdint>
#include <string_view>

#include "tokenizer/vocabulary.h"

namespace ingot::core {

// id if the vocabulary has a control token there, or does not say what is control; else -1.
int64_t default_control(const Vocabulary& vocabulary, int64_t id);
// The token with this text if it is control or the vocabulary does not say; else -1.
int64_t default_control_named(const Vocabulary& vocabulary, std::string_view text);
// The first token of type unknown; without one, that which is called <unk> or [UNK]; else -1.
int64_t default_unknown(const Vocabulary& vocabulary);

}  // namespace ingot::core
