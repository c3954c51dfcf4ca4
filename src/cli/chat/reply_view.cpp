#include "cli/chat/reply_view.h"

#include <cstdlib>

#include "cli/terminal_text.h"

namespace ingot::cli {
namespace {

// How many bytes the character has that this one begins; 1 for what begins none.
size_t sequence_bytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

// A line may be broken on either side of these, which are written without spaces.
bool breaks_anywhere(wchar_t character) {
  return column_width(character) == 2;
}

}  // namespace

Style Style::detect(bool is_terminal) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool plain = (no_color != nullptr && no_color[0] != '\0') || terminal == nullptr || terminal[0] == '\0' ||
                     std::string_view(terminal) == "dumb";
  if (!is_terminal || plain) return {};
  return {.prompt = "\x1b[1;36m", .dim = "\x1b[2m", .error = "\x1b[31m", .reset = "\x1b[0m"};
}

bool ReplyView::push(std::string_view text, Kind kind) {
  if (kind != kind_) {
    put_word();
    if (!at_start_) {
      break_line();
      if (kind == Kind::kAnswer) break_line();
    }
    out_ += kind == Kind::kReasoning ? style_.dim : style_.reset;
    kind_ = kind;
    at_start_ = true;
  }
  partial_ += text;
  size_t n_whole = 0;
  while (n_whole < partial_.size()) {
    const size_t n_bytes = sequence_bytes(partial_[n_whole]);
    if (n_whole + n_bytes > partial_.size()) break;
    n_whole += n_bytes;
  }
  for (const wchar_t character : to_wide(std::string_view(partial_).substr(0, n_whole))) put(character);
  partial_.erase(0, n_whole);
  const bool written = out_.empty() || write_(out_);
  out_.clear();
  return written;
}

bool ReplyView::finish() {
  for (const wchar_t character : to_wide(partial_)) put(character);
  partial_.clear();
  put_word();
  if (kind_ == Kind::kReasoning) out_ += style_.reset;
  if (column_ > 0) break_line();
  const bool written = out_.empty() || write_(out_);
  out_.clear();
  return written;
}

void ReplyView::put(wchar_t character) {
  if (character == L'\n') {
    put_word();
    // What comes before the first word would only push the answer down.
    if (!at_start_) break_line();
    return;
  }
  if (character == L' ' || character == L'\t') {
    put_word();
    if (!at_start_) pending_spaces_ += character == L'\t' ? 8 - (column_ + pending_spaces_) % 8 : 1;
    return;
  }
  // Controls would steer the terminal; C1 ones too.
  if (character < L' ' || (character >= 0x7F && character < 0xA0)) character = L'\uFFFD';
  if (breaks_anywhere(character)) {
    put_word();
    word_ = character;
    word_columns_ = 2;
    put_word();
    return;
  }
  word_ += character;
  word_columns_ += column_width(character);
  // Longer than any word: shown before it ends, or a run of letters would never be.
  constexpr int kLongWord = 40;
  if (word_columns_ >= kLongWord) put_word();
}

void ReplyView::put_word() {
  if (word_.empty()) return;
  const int columns = columns_();
  if (columns > 0 && column_ > 0 && column_ + pending_spaces_ + word_columns_ > columns) {
    // Spaces at the end of a line are not shown.
    pending_spaces_ = 0;
    break_line();
  }
  out_.append(static_cast<size_t>(pending_spaces_), ' ');
  out_ += to_utf8(word_);
  column_ += pending_spaces_ + word_columns_;
  // A word longer than the window goes on in the next line by itself.
  if (columns > 0) column_ %= columns;
  if (column_ == 0) column_ = columns;
  pending_spaces_ = 0;
  word_.clear();
  word_columns_ = 0;
  at_start_ = false;
}

void ReplyView::break_line() {
  out_ += '\n';
  column_ = 0;
  pending_spaces_ = 0;
}

}  // namespace ingot::cli
