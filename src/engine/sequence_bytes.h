// The bytes of a saved sequence: what surrounds the snapshot of its state.
//
//   offset  0  magic "INGOTSEQ"
//           8  u32 version (1), u32 zero
//          16  u64 number of tokens, u64 number of logits, u64 bytes of the state
//          40  u64 XXH3-64 of everything before and after this field
//          48  i32 tokens, f32 logits after the last token, bytes of the state (SequenceState::snapshot)
//
// Little-endian, as everything else ingot writes. The logits are there so that a sequence restored continues without
// computing its last token again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace ingot::core {

struct SavedSequence {
  std::vector<int32_t> tokens;
  std::vector<float> last_logits;
  std::vector<std::byte> state;
};

std::vector<std::byte> pack_sequence(const SavedSequence& sequence);
// Errors: no saved sequence, another version, cut or altered bytes. What the state holds is checked by its restore().
Result<SavedSequence> unpack_sequence(std::span<const std::byte> bytes);

}  // namespace ingot::core
