#include "tokenizer/stream_decoder.h"

#include <algorithm>
#include <utility>

namespace ingot::core {

namespace {

// How many bytes at the end of text are the start of a UTF-8 character that more bytes could complete: 0 to 3.
// Well-formed sequences as in the Unicode standard, table 3-7 (no overlong forms, surrogates or values past 10FFFF).
size_t unfinished_bytes(const std::string& text) {
  const size_t n = text.size();
  for (size_t length = 1; length <= std::min<size_t>(3, n); length++) {
    const auto first = static_cast<uint8_t>(text[n - length]);
    if ((first & 0xC0) == 0x80) continue;  // a continuation byte: the first one lies further left
    size_t expected = 1;
    if (first >= 0xC2 && first <= 0xDF) expected = 2;
    if (first >= 0xE0 && first <= 0xEF) expected = 3;
    if (first >= 0xF0 && first <= 0xF4) expected = 4;
    if (length >= expected) return 0;
    if (length >= 2) {
      const auto second = static_cast<uint8_t>(text[n - length + 1]);
      const uint8_t lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
      const uint8_t highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
      if (second < lowest || second > highest) return 0;
    }
    return length;
  }
  return 0;
}

}  // namespace

std::string StreamDecoder::push(int32_t id) {
  const std::string bytes = tokenizer_->piece(id, show_control_);
  if (bytes.empty()) return {};
  pending_.append(bytes, at_start_ && bytes[0] == ' ' ? 1 : 0);
  at_start_ = false;
  const size_t kept = unfinished_bytes(pending_);
  std::string complete = pending_.substr(0, pending_.size() - kept);
  pending_.erase(0, pending_.size() - kept);
  return complete;
}

std::string StreamDecoder::flush() {
  return std::exchange(pending_, {});
}

}  // namespace ingot::core
