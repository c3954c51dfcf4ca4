// The key-value section of a GGUF file, from bytes to GgufMetadata.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "gguf/byte_reader.h"
#include "gguf/metadata.h"

namespace ingot::core {

// The least that one pair can take: a key of one byte and a one-byte value.
inline constexpr uint64_t kMinPairBytes = 8 + 1 + 4 + 1;

// Reads n_pairs from where reader stands. Precondition: n_pairs is not negative.
Result<GgufMetadata> read_metadata_section(ByteReader& reader, int64_t n_pairs, MemoryBudget& budget);

}  // namespace ingot::core
