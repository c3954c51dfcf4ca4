// Lists of numbers as benchmarks take them: "512", "128,512", "128-512+128" (128, 256, 384, 512), "64-1024*2" (64, 128,
// ..., 1024); and pairs "512,32" with ";" between them.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ingot/prefill.h"

namespace ingot::core {

// Errors name the part that is no number or range, and a number outside [low, high].
Result<std::vector<int64_t>> parse_number_list(std::string_view text, int64_t low, int64_t high);
// The same with names of strategies in between: "128-512*2,auto:64M,layer-by-layer". Errors likewise.
Result<std::vector<Chunking>> parse_chunk_list(std::string_view text);
Result<std::vector<std::pair<int64_t, int64_t>>> parse_pair_list(std::string_view text, int64_t low, int64_t high);

}  // namespace ingot::core
