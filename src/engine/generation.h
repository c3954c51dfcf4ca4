// Prompt in, text out: feeds, samples, decodes, and knows when to stop.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "engine/token_sequence.h"
#include "ingot/sequence.h"

namespace ingot::core {

// See ingot::Sequence::generate.
Result<GenerateResult> generate(TokenSequence& sequence, std::span<const int32_t> prompt,
                                const GenerateOptions& options);

}  // namespace ingot::core
