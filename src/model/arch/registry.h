// All architectures that ingot knows: one row each.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/arch/architecture.h"

#define INGOT_ARCHITECTURES(row)                                                                                     \
  row(kArwkv7) row(kBert) row(kGemma2) row(kGemma3) row(kGpt2) row(kGranite) row(kLlama) row(kNomicBert) row(kOlmo2) \
      row(kPhi3) row(kQwen2) row(kQwen2Moe) row(kQwen3) row(kQwen3Moe) row(kRwkv7) row(kStarcoder2)

namespace ingot::core {

#define INGOT_DECLARE_ARCHITECTURE(name) extern const Architecture name;
INGOT_ARCHITECTURES(INGOT_DECLARE_ARCHITECTURE)
#undef INGOT_DECLARE_ARCHITECTURE

std::span<const Architecture* const> all_architectures();

// Null if there is none of this name.
const Architecture* find_architecture(std::string_view name);

// "gemma2, gemma3, ...", for error messages.
std::string known_architectures();

}  // namespace ingot::core
