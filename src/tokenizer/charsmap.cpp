#include "tokenizer/charsmap.h"

#include <algorithm>

namespace ingot::core {

namespace {

constexpr uint32_t kValueBit = uint32_t{1} << 31;

uint32_t load_u32(const uint8_t* bytes) {
  return uint32_t{bytes[0]} | (uint32_t{bytes[1]} << 8) | (uint32_t{bytes[2]} << 16) | (uint32_t{bytes[3]} << 24);
}

uint32_t offset_of(uint32_t unit) {
  return (unit >> 10) << ((unit & (uint32_t{1} << 9)) >> 6);
}

}  // namespace

uint32_t Charsmap::unit(size_t index) const {
  return load_u32(units_ + 4 * index);
}

Result<Charsmap> Charsmap::parse(const std::vector<uint8_t>& blob) {
  Charsmap map;
  if (blob.empty()) return map;
  constexpr const char* kKey = "tokenizer.ggml.precompiled_charsmap";
  if (blob.size() < 4) return invalid("{}: {} bytes are too few for its header of 4", kKey, blob.size());
  const size_t trie_bytes = load_u32(blob.data());
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > blob.size() - 4) {
    return invalid("{}: its trie of {} bytes is no whole number of units within the {} bytes that follow", kKey,
                   trie_bytes, blob.size() - 4);
  }
  map.units_ = blob.data() + 4;
  map.n_units_ = trie_bytes / 4;
  map.replacements_ =
      std::string_view(reinterpret_cast<const char*>(map.units_) + trie_bytes, blob.size() - 4 - trie_bytes);
  for (size_t index = 0; index < map.n_units_; index++) {
    const uint32_t unit = map.unit(index);
    if ((unit & kValueBit) == 0) continue;
    const size_t begin = unit & ~kValueBit;
    const std::string_view rest = begin < map.replacements_.size() ? map.replacements_.substr(begin) : "";
    if (rest.substr(0, kMaxRuleBytes + 1).find('\0') == std::string_view::npos) {
      return invalid("{}: unit {} points to no replacement (byte {} of {})", kKey, index, begin,
                     map.replacements_.size());
    }
  }
  return map;
}

Charsmap::Rule Charsmap::longest_rule(std::string_view text) const {
  Rule longest;
  if (n_units_ == 0) return longest;
  size_t node = offset_of(unit(0));
  const size_t n_walked = std::min(text.size(), kMaxRuleBytes);
  for (size_t position = 0; position < n_walked; position++) {
    const auto byte = static_cast<uint8_t>(text[position]);
    node ^= byte;
    if (node >= n_units_) break;
    const uint32_t here = unit(node);
    if ((here & (kValueBit | 0xFF)) != byte) break;
    node ^= offset_of(here);
    if ((here & 0x100) == 0) continue;
    const uint32_t value = node < n_units_ ? unit(node) : 0;
    if ((value & kValueBit) == 0) break;
    const std::string_view replacement = replacements_.substr(value & ~kValueBit);
    longest = {position + 1, replacement.substr(0, replacement.find('\0'))};
  }
  return longest;
}

}  // namespace ingot::core
