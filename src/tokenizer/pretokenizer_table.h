// The pre-tokenizers of byte-level BPE by the name under which GGUF files carry them (tokenizer.ggml.pre).
//
// A pre-tokenizer is a list of steps. Each step cuts every piece that the steps before it left into matches and the
// stretches between them, without seeing beyond the piece; the last pieces are the words that merges may not cross.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ingot::core {

enum class SplitRule {
  kPattern,          // a regular expression
  kTrailingSpace,    // white space at the piece's end
  kNewlineRuns,      // runs of "\n" and runs of anything else
  kNumbersByThree,   // runs of \p{N} in groups of three, counted from the right
  kDigitsByThree,    // runs of \d likewise, unless a word character follows: \d{1,3}(?=(?:\d{3})*\b)
  kThousandsPlaces,  // cuts where a multiple of three \d is left in a run: (?=(\d{3})+(?!\d))
  kCascadingSpace,   // white space without line ends in pieces of 512, 256, ... 4, 2, 1
};

struct SplitStep {
  SplitRule rule = SplitRule::kPattern;
  const char* pattern = "";  // PCRE2 syntax; \s means Unicode's White_Space
};

// How a text becomes the characters that merges work on.
enum class TextForm {
  kByteAlphabet,   // each byte is one of the 256 characters of GPT-2's alphabet
  kEscapedSpaces,  // UTF-8 characters, the space written as U+2581; bytes without a token as <0xHH>
  kPlain,          // UTF-8 characters; white space only separates and is dropped
};

struct PretokenizerSpec {
  std::span<const SplitStep> steps;
  TextForm form = TextForm::kByteAlphabet;
  bool ignore_merges = false;  // a word that is a token is that token, whatever the merges give
  bool add_bos = false;        // what an absent add_bos_token means
};

// Null if the name is unknown.
const PretokenizerSpec* find_pretokenizer(std::string_view name);
// All names in alphabetical order, separated by ", ".
std::string pretokenizer_names();

}  // namespace ingot::core
