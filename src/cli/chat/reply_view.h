// A model's answer on a terminal while it arrives: whole words on a line, nothing that steers the terminal.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace ingot::cli {

// Colours as escape sequences, or empty: on a terminal that has them, unless NO_COLOR is set or TERM is dumb.
struct Style {
  std::string prompt, dim, error, reset;
  // is_terminal: of the stream that they go to.
  static Style detect(bool is_terminal);
};

// Breaks lines between words at the width of the window, which may change meanwhile. Text is held back until its word
// is complete, so flush() belongs to the end.
class ReplyView {
 public:
  enum class Kind { kAnswer, kReasoning };

  // write: takes what goes to the terminal, false once nothing more can be written. columns: of the window now; 0:
  // lines are left as they are.
  ReplyView(const Style& style, std::function<bool(std::string_view)> write, std::function<int()> columns)
      : style_(style), write_(std::move(write)), columns_(std::move(columns)) {}

  bool push(std::string_view text, Kind kind = Kind::kAnswer);
  // What is held back, and the end of the line if it has begun.
  bool finish();

 private:
  void put(wchar_t character);
  void put_word();
  void break_line();

  const Style& style_;
  std::function<bool(std::string_view)> write_;
  std::function<int()> columns_;
  std::string partial_;  // bytes of a character that is not complete
  std::wstring word_;    // held back
  std::string out_;
  int column_ = 0;
  int word_columns_ = 0;
  int pending_spaces_ = 0;
  bool at_start_ = true;  // nothing was shown yet
  Kind kind_ = Kind::kAnswer;
};

}  // namespace ingot::cli
