// The order in which samplers apply, as it is written: "penalties;dry;top_k;temperature".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core {

enum class SamplerKind : uint8_t {
  kPenalties,
  kDry,
  kTopNSigma,
  kTopK,
  kTypical,
  kTopP,
  kMinP,
  kXtc,
  kTemperature,
};

inline constexpr std::string_view kDefaultSamplers =
    "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature";

// Names between semicolons, llama.cpp's with their aliases ("temp", "typical", "nucleus", hyphens for underscores).
// An empty text is no sampler at all. Errors: an unknown name, with the list of known ones; a name given twice.
Result<std::vector<SamplerKind>> parse_sampler_order(std::string_view text);

}  // namespace ingot::core
