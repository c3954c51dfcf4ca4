// One character of a text that may hold any bytes.
#pragma once

#include <utf8proc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ingot::core {

// A byte that is no part of a character counts as a character of its own: code kInvalidByte + byte, one byte long.
constexpr uint32_t kInvalidByte = 0x110000;

struct Utf8Character {
  uint32_t code;
  uint32_t n_bytes;
};

// Precondition: position < text.size().
inline Utf8Character utf8_character(std::string_view text, size_t position) {
  const auto first = static_cast<uint8_t>(text[position]);
  if (first < 0x80) return {first, 1};
  utf8proc_int32_t code = -1;
  const auto n_left = static_cast<utf8proc_ssize_t>(std::min<size_t>(text.size() - position, 4));
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + position);
  const utf8proc_ssize_t n_bytes = utf8proc_iterate(bytes, n_left, &code);
  if (n_bytes <= 0 || code < 0) return {kInvalidByte + first, 1};
  return {static_cast<uint32_t>(code), static_cast<uint32_t>(n_bytes)};
}

}  // namespace ingot::core
