#include "bench/number_list.h"

#include <charconv>
#include <optional>
#include <string>

#include "base/utf8.h"
#include "engine/chunking.h"

namespace ingot::core {
namespace {

constexpr size_t kMostNumbers = 1000;  // a range is easily mistyped

// The parts between separators; an empty text is one empty part.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

Status add_range(std::string_view text, std::vector<int64_t>& out) {
  const size_t dash = text.find('-');
  const size_t step_at = text.find_first_of("+*", dash);
  const auto first = number(text.substr(0, dash));
  const auto last = number(text.substr(dash + 1, step_at == std::string_view::npos ? step_at : step_at - dash - 1));
  const auto step = step_at == std::string_view::npos ? std::optional<int64_t>(1) : number(text.substr(step_at + 1));
  const bool multiplies = step_at != std::string_view::npos && text[step_at] == '*';
  if (!first || !last || !step || *first < 0 || *last < *first || *step < (multiplies ? 2 : 1) ||
      (multiplies && *first == 0)) {
    return invalid("{} is no range, expected FIRST-LAST, FIRST-LAST+STEP or FIRST-LAST*FACTOR", printable(text));
  }
  for (int64_t value = *first; value <= *last;) {
    if (out.size() >= kMostNumbers) return invalid("{} has more than {} numbers", printable(text), kMostNumbers);
    out.push_back(value);
    if (multiplies ? value > *last / *step : *last - value < *step) break;
    value = multiplies ? value * *step : value + *step;
  }
  return {};
}

}  // namespace

Result<std::vector<int64_t>> parse_number_list(std::string_view text, int64_t low, int64_t high) {
  std::vector<int64_t> numbers;
  for (const std::string_view part : split(text, ',')) {
    if (const auto value = number(part)) {
      numbers.push_back(*value);
    } else if (part.find('-') != std::string_view::npos && part.find('-') > 0) {
      INGOT_TRY(add_range(part, numbers));
    } else {
      return invalid("{} is no number, expected numbers with commas between them, or ranges such as 128-512+128",
                     part.empty() ? "an empty part" : printable(part));
    }
    if (numbers.size() > kMostNumbers) return invalid("more than {} numbers", kMostNumbers);
  }
  for (const int64_t value : numbers) {
    if (value < low || value > high) return invalid("{} is out of range, expected {} to {}", value, low, high);
  }
  return numbers;
}

Result<std::vector<Chunking>> parse_chunk_list(std::string_view text) {
  std::vector<Chunking> chunks;
  for (const std::string_view part : split(text, ',')) {
    const bool range = !part.empty() && part[0] >= '0' && part[0] <= '9' && part.find('-') != std::string_view::npos;
    if (!range) {
      INGOT_ASSIGN(const Chunking chunking, parse_chunking(part));
      chunks.push_back(chunking);
      continue;
    }
    INGOT_ASSIGN(const auto sizes, parse_number_list(part, 1, kMostChunkTokens));
    for (const int64_t size : sizes) chunks.emplace_back(static_cast<int>(size));
  }
  return chunks;
}

Result<std::vector<std::pair<int64_t, int64_t>>> parse_pair_list(std::string_view text, int64_t low, int64_t high) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (const std::string_view part : split(text, ';')) {
    INGOT_ASSIGN(const auto numbers, parse_number_list(part, low, high));
    if (numbers.size() != 2) return invalid("{} is no pair, expected PROMPT,GENERATED", printable(part));
    pairs.emplace_back(numbers[0], numbers[1]);
  }
  return pairs;
}

}  // namespace ingot::core
