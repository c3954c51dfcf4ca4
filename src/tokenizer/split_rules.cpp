#include "tokenizer/split_rules.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/check.h"
#include "tokenizer/utf8_character.h"

namespace ingot::core {

bool is_white_space(uint32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

namespace {

utf8proc_category_t category(uint32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

bool is_number(uint32_t code) {
  if (code < 0x80) return code >= '0' && code <= '9';
  const utf8proc_category_t found = category(code);
  return found == UTF8PROC_CATEGORY_ND || found == UTF8PROC_CATEGORY_NL || found == UTF8PROC_CATEGORY_NO;
}

bool is_digit(uint32_t code) {
  if (code < 0x80) return code >= '0' && code <= '9';
  return category(code) == UTF8PROC_CATEGORY_ND;
}

// What \w matches in Oniguruma: letters, marks, numbers of all kinds, connecting punctuation.
bool is_word(uint32_t code) {
  switch (category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

// Collects cuts inside one piece; a cut at its start or twice at one place is none.
class Cuts {
 public:
  Cuts(uint32_t base, std::vector<uint32_t>& out_ends) : base_(base), last_(base), out_ends_(out_ends) {}
  void cut(size_t offset) {
    const auto end = static_cast<uint32_t>(base_ + offset);
    if (end == last_) return;
    out_ends_.push_back(end);
    last_ = end;
  }

 private:
  uint32_t base_;
  uint32_t last_;
  std::vector<uint32_t>& out_ends_;
};

// Runs of digits in groups of three from the right. cut_ends: the run itself is cut off from what surrounds it;
// else only the places between groups are cut, and the run's start if its length is a multiple of three.
template <typename IsDigit>
void split_digits(std::string_view piece, IsDigit is_member, bool whole_words, bool cut_ends, Cuts& cuts) {
  std::vector<uint32_t> starts;  // of the digits of the run
  size_t position = 0;
  while (position < piece.size()) {
    Utf8Character next = utf8_character(piece, position);
    if (!is_member(next.code)) {
      position += next.n_bytes;
      continue;
    }
    starts.clear();
    while (position < piece.size()) {
      next = utf8_character(piece, position);
      if (!is_member(next.code)) break;
      starts.push_back(static_cast<uint32_t>(position));
      position += next.n_bytes;
    }
    if (whole_words && position < piece.size() && is_word(next.code)) continue;
    if (cut_ends) cuts.cut(starts[0]);
    for (size_t first = starts.size() % 3; first < starts.size(); first += 3) cuts.cut(starts[first]);
    if (cut_ends) cuts.cut(position);
  }
}

void split_newline_runs(std::string_view piece, Cuts& cuts) {
  size_t position = 0;
  while (position < piece.size()) {
    const bool newline = piece[position] == '\n';
    position = newline ? piece.find_first_not_of('\n', position) : piece.find('\n', position);
    if (position == std::string_view::npos) return;
    cuts.cut(position);
  }
}

void split_trailing_space(std::string_view piece, Cuts& cuts) {
  size_t start = piece.size();
  while (start > 0) {
    size_t before = start - 1;
    while (before > 0 && (static_cast<uint8_t>(piece[before]) & 0xC0) == 0x80) before--;
    if (!is_white_space(utf8_character(piece, before).code)) break;
    start = before;
  }
  cuts.cut(start);
}

void split_cascading_space(std::string_view piece, Cuts& cuts) {
  std::vector<uint32_t> starts;
  for (size_t position = 0; position < piece.size();) {
    const Utf8Character next = utf8_character(piece, position);
    if (!is_white_space(next.code) || next.code == '\r' || next.code == '\n') return;
    starts.push_back(static_cast<uint32_t>(position));
    position += next.n_bytes;
  }
  size_t width = 512;
  for (size_t first = 0; first < starts.size();) {
    while (width > starts.size() - first) width /= 2;
    cuts.cut(starts[first]);
    first += width;
  }
}

}  // namespace

void split_by_rule(SplitRule rule, std::string_view piece, uint32_t base, std::vector<uint32_t>& out_ends) {
  Cuts cuts(base, out_ends);
  switch (rule) {
    case SplitRule::kPattern:
      INGOT_CHECK(false, "a pattern is no written-out rule");
      break;
    case SplitRule::kTrailingSpace:
      split_trailing_space(piece, cuts);
      break;
    case SplitRule::kNewlineRuns:
      split_newline_runs(piece, cuts);
      break;
    case SplitRule::kNumbersByThree:
      split_digits(piece, is_number, false, true, cuts);
      break;
    case SplitRule::kDigitsByThree:
      split_digits(piece, is_digit, true, true, cuts);
      break;
    case SplitRule::kThousandsPlaces:
      split_digits(piece, is_digit, false, false, cuts);
      break;
    case SplitRule::kCascadingSpace:
      split_cascading_space(piece, cuts);
      break;
  }
  cuts.cut(piece.size());
}

}  // namespace ingot::core
