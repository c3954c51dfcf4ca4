#include "engine/chunking.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

using Strategy = Chunking::Strategy;

struct Unit {
  char letter;
  int shift;
};
constexpr std::array<Unit, 4> kUnits = {{{'T', 40}, {'G', 30}, {'M', 20}, {'K', 10}}};

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// "512M", "4G", "1000".
std::optional<int64_t> parse_bytes(std::string_view text) {
  int shift = 0;
  for (const Unit& unit : kUnits) {
    if (!text.empty() && text.back() == unit.letter) shift = unit.shift;
  }
  if (shift > 0) text.remove_suffix(1);
  const auto value = parse_number(text);
  if (!value || *value < 1 || *value > (std::numeric_limits<int64_t>::max() >> shift)) return std::nullopt;
  return *value << shift;
}

std::string bytes_name(int64_t bytes) {
  for (const Unit& unit : kUnits) {
    if (bytes >> unit.shift << unit.shift == bytes) return fmt::format("{}{}", bytes >> unit.shift, unit.letter);
  }
  return fmt::format("{}", bytes);
}

bool is_size(int64_t value, int64_t smallest) {
  return value >= smallest && value <= kMostChunkTokens;
}

}  // namespace

Result<Chunking> parse_chunking(std::string_view text) {
  if (text == "none") return Chunking::none();
  if (text == "layer-by-layer") return Chunking::layer_by_layer();
  if (text == "minimal") return Chunking::minimal();
  if (text == "auto") return Chunking::automatic();
  if (text == "incremental") return Chunking::incremental();
  constexpr std::string_view kAuto = "auto:";
  constexpr std::string_view kIncremental = "incremental:";
  if (text.starts_with(kAuto)) {
    const auto bytes = parse_bytes(text.substr(kAuto.size()));
    if (bytes) return Chunking::automatic(*bytes);
    return invalid("{}: no size of memory, expected one such as auto:512M or auto:2G", printable(text));
  }
  if (text.starts_with(kIncremental)) {
    const auto base = parse_number(text.substr(kIncremental.size()));
    if (base && is_size(*base, Chunking::kSmallestIncremental)) return Chunking::incremental(static_cast<int>(*base));
    return invalid("{}: expected {} to {} tokens, such as incremental:1024", printable(text),
                   Chunking::kSmallestIncremental, kMostChunkTokens);
  }
  const auto size = parse_number(text);
  if (size && is_size(*size, 1)) return Chunking(static_cast<int>(*size));
  return invalid(
      "{}: expected 1 to {} tokens, none, auto, auto:SIZE, incremental, incremental:TOKENS, layer-by-layer or minimal",
      text.empty() ? "nothing" : printable(text), kMostChunkTokens);
}

Status check_chunking(const Chunking& chunking) {
  const bool has_size = chunking.strategy == Strategy::kFixed || chunking.strategy == Strategy::kIncremental;
  const int64_t smallest = chunking.strategy == Strategy::kIncremental ? Chunking::kSmallestIncremental : 1;
  if (has_size && !is_size(chunking.size, smallest)) {
    return invalid("a chunk of {} tokens, expected {} to {}", chunking.size, smallest, kMostChunkTokens);
  }
  if (chunking.memory_bytes < 0) return invalid("{} bytes for chunks, expected 0 or more", chunking.memory_bytes);
  if (chunking.overlap == 0) return {};
  if (!has_size && chunking.strategy != Strategy::kAuto) {
    return invalid("an overlap of {} tokens with chunk {}, which has no chunks that could overlap", chunking.overlap,
                   chunking_name(chunking.with_overlap(0)));
  }
  const int most = has_size ? chunking.size : Chunking::kSmallestIncremental;
  if (chunking.overlap >= 0 && chunking.overlap <= most) return {};
  return invalid("an overlap of {} tokens with chunk {}, expected 0 to {}", chunking.overlap,
                 chunking_name(chunking.with_overlap(0)), most);
}

}  // namespace ingot::core

namespace ingot {

std::string chunking_name(const Chunking& chunking) {
  std::string name;
  switch (chunking.strategy) {
    case Chunking::Strategy::kFixed:
      name = fmt::format("{}", chunking.size);
      break;
    case Chunking::Strategy::kNone:
      name = "none";
      break;
    case Chunking::Strategy::kAuto:
      name = chunking.memory_bytes == 0 ? "auto" : "auto:" + core::bytes_name(chunking.memory_bytes);
      break;
    case Chunking::Strategy::kIncremental:
      name = chunking.size == Chunking::kDefaultSize ? "incremental" : fmt::format("incremental:{}", chunking.size);
      break;
    case Chunking::Strategy::kLayerByLayer:
      name = "layer-by-layer";
      break;
    case Chunking::Strategy::kMinimal:
      name = "minimal";
      break;
  }
  return chunking.overlap == 0 ? name : fmt::format("{}, overlap {}", name, chunking.overlap);
}

}  // namespace ingot
