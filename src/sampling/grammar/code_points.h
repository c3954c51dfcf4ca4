// Sets of Unicode characters, and what they are in UTF-8.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::core {

inline constexpr uint32_t kMaxCodePoint = 0x10FFFF;

struct CodeRange {
  uint32_t first = 0;
  uint32_t last = 0;  // included
};

// Sorted, apart from each other, without surrogates, which no text can contain.
using CodeRanges = std::vector<CodeRange>;

CodeRanges normalized(const CodeRanges& ranges);
// All characters but these. Precondition: normalized.
CodeRanges complement(const CodeRanges& ranges);
CodeRanges intersection(const CodeRanges& a, const CodeRanges& b);

struct ByteRange {
  uint8_t first = 0;
  uint8_t last = 0;  // included
};

// Characters whose UTF-8 forms are: any byte of the first range, then any of the second, and so on.
struct ByteSequence {
  std::array<ByteRange, 4> bytes{};
  uint32_t n_bytes = 0;
};
// Together exactly these characters. Precondition: normalized.
std::vector<ByteSequence> utf8_sequences(const CodeRanges& ranges);

// Takes the character at the start of text off it; nothing if the text is empty or no UTF-8 there.
std::optional<uint32_t> take_character(std::string_view& text);

}  // namespace ingot::core
