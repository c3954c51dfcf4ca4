// Embeddings of many token sequences at once. See ingot::Model::embed_batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "ingot/embedding.h"

namespace ingot::core {

// One of each sequence: (dim), or with Pooling::kNone (its tokens, dim). Sequences of any lengths fill steps of at most
// batch_rows rows together, without padding; each has the bits that it would have alone.
// Errors: a sequence without tokens, with one outside the vocabulary, or longer than the context; memory; cancelled.
Result<std::vector<std::vector<float>>> embed_batch(Engine& engine, std::span<const std::vector<int32_t>> sequences,
                                                    const EmbedOptions& options);

}  // namespace ingot::core
