// SentencePiece's precompiled_charsmap: normalisation rules "these bytes become those", the longest rule first.
//
//   u32 n            bytes of the trie, little endian
//   u32 unit[n / 4]  a Darts double array:  bits 0-7 label, bit 8 has a value, bit 9 the offset is in units of 256,
//                    bits 10-30 offset, or, with bit 31 set, bits 0-30 a value: an index into what follows
//   char text[]      the replacements, each ended by a zero byte
//
// From a node at index i with offset o the child for byte c is at i ^ o ^ c and carries the label c; the value of a
// node is at i ^ o. Source: google/sentencepiece, src/normalizer.cc, and s-yata/darts-clone.
//
// The bytes come from a file and may be anything: every index is checked, a walk stops after kMaxRuleBytes even where
// the units form a ring, and replacements are checked at load. A walk that leaves the array has found nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core {

class Charsmap {
 public:
  struct Rule {
    size_t n_bytes = 0;  // of the text that it replaces; 0: no rule applies
    std::string_view replacement;
  };

  Charsmap() = default;  // no rules
  // An empty blob has no rules. The blob must outlive the map.
  static Result<Charsmap> parse(const std::vector<uint8_t>& blob);

  // The longest rule for the start of the text.
  Rule longest_rule(std::string_view text) const;

 private:
  // The longest rules in use (NFKC) replace 18 bytes by 33.
  static constexpr size_t kMaxRuleBytes = 256;

  uint32_t unit(size_t index) const;

  const uint8_t* units_ = nullptr;
  size_t n_units_ = 0;
  std::string_view replacements_;
};

}  // namespace ingot::core
