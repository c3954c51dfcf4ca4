#include "catalog/split_name.h"

#include <fmt/format.h>

#include <charconv>

namespace ingot::core {
namespace {

// "-00001-of-00003.gguf"
constexpr size_t kSuffixBytes = 20;
constexpr size_t kDigits = 5;

std::optional<int64_t> number_at(std::string_view text, size_t at) {
  const std::string_view digits = text.substr(at, kDigits);
  int64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<SplitName> parse_split_name(std::string_view name) {
  if (name.size() < kSuffixBytes) return std::nullopt;
  const std::string_view suffix = name.substr(name.size() - kSuffixBytes);
  if (suffix[0] != '-' || suffix.substr(6, 4) != "-of-" || suffix.substr(15) != ".gguf") return std::nullopt;
  const auto part = number_at(suffix, 1);
  const auto n_parts = number_at(suffix, 10);
  if (!part || !n_parts || *part < 1 || *part > *n_parts || *n_parts < 2) return std::nullopt;
  return SplitName{.stem = std::string(name.substr(0, name.size() - kSuffixBytes)), .part = *part, .n_parts = *n_parts};
}

std::string split_part_name(const SplitName& name, int64_t part) {
  return fmt::format("{}-{:05}-of-{:05}.gguf", name.stem, part, name.n_parts);
}

}  // namespace ingot::core
