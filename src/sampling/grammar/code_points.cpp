#include "sampling/grammar/code_points.h"

#include <algorithm>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr uint32_t kFirstSurrogate = 0xD800;
constexpr uint32_t kLastSurrogate = 0xDFFF;

std::string encoded(uint32_t code_point) {
  std::string text;
  append_utf8(code_point, text);
  return text;
}

// Splits until the bytes of first and last differ in such a way that each position is one range: the usual way from
// code points to byte ranges (Cox 2010, "Regular Expression Matching in the Wild").
void split(CodeRange range, std::vector<ByteSequence>& out_sequences) {
  for (const uint32_t limit : {0x7Fu, 0x7FFu, 0xFFFFu}) {
    if (range.first <= limit && range.last > limit) {
      split({range.first, limit}, out_sequences);
      split({limit + 1, range.last}, out_sequences);
      return;
    }
  }
  const std::string first = encoded(range.first);
  const std::string last = encoded(range.last);
  for (uint32_t n_tail = 1; n_tail < first.size(); ++n_tail) {
    const uint32_t tail = (1u << (6 * n_tail)) - 1;
    if ((range.first & ~tail) == (range.last & ~tail)) break;
    if ((range.first & tail) != 0) {
      split({range.first, range.first | tail}, out_sequences);
      split({(range.first | tail) + 1, range.last}, out_sequences);
      return;
    }
    if ((range.last & tail) != tail) {
      split({range.first, (range.last & ~tail) - 1}, out_sequences);
      split({range.last & ~tail, range.last}, out_sequences);
      return;
    }
  }
  ByteSequence sequence;
  sequence.n_bytes = static_cast<uint32_t>(first.size());
  for (size_t index = 0; index < first.size(); ++index) {
    sequence.bytes[index] = {static_cast<uint8_t>(first[index]), static_cast<uint8_t>(last[index])};
  }
  out_sequences.push_back(sequence);
}

}  // namespace

CodeRanges normalized(const CodeRanges& ranges) {
  CodeRanges parts;
  for (const CodeRange& range : ranges) {
    if (range.first < kFirstSurrogate) parts.push_back({range.first, std::min(range.last, kFirstSurrogate - 1)});
    if (range.last > kLastSurrogate) parts.push_back({std::max(range.first, kLastSurrogate + 1), range.last});
  }
  std::sort(parts.begin(), parts.end(), [](const CodeRange& a, const CodeRange& b) { return a.first < b.first; });
  CodeRanges merged;
  for (const CodeRange& range : parts) {
    if (range.last < range.first) continue;
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

CodeRanges complement(const CodeRanges& ranges) {
  CodeRanges result;
  uint32_t next = 0;
  for (const CodeRange& range : ranges) {
    if (range.first > next) result.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kMaxCodePoint) result.push_back({next, kMaxCodePoint});
  return normalized(result);
}

CodeRanges intersection(const CodeRanges& a, const CodeRanges& b) {
  CodeRanges outside = complement(a);
  const CodeRanges outside_b = complement(b);
  outside.insert(outside.end(), outside_b.begin(), outside_b.end());
  return complement(normalized(outside));
}

std::vector<ByteSequence> utf8_sequences(const CodeRanges& ranges) {
  std::vector<ByteSequence> sequences;
  for (const CodeRange& range : ranges) split(range, sequences);
  return sequences;
}

std::optional<uint32_t> take_character(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const auto byte = [text](size_t index) { return static_cast<uint32_t>(static_cast<uint8_t>(text[index])); };
  const uint32_t lead = byte(0);
  const size_t n_bytes = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (n_bytes == 0 || text.size() < n_bytes) return std::nullopt;
  uint32_t code_point = n_bytes == 1 ? lead : lead & (0x7Fu >> n_bytes);
  for (size_t index = 1; index < n_bytes; ++index) {
    if ((byte(index) & 0xC0u) != 0x80u) return std::nullopt;
    code_point = (code_point << 6) | (byte(index) & 0x3Fu);
  }
  const bool overlong = (n_bytes == 3 && code_point < 0x800) || (n_bytes == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= kFirstSurrogate && code_point <= kLastSurrogate;
  if (overlong || surrogate || code_point > kMaxCodePoint) return std::nullopt;
  text.remove_prefix(n_bytes);
  return code_point;
}

}  // namespace ingot::core
