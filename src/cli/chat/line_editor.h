// Lines that a person types: editing, history, pasted text; over libedit.
//
// Pasted text of several lines is not spread over the screen: it stands in the line as "[paste 1: 42 lines]" and is
// put back when the line is taken. Terminals announce pasted text by bracketed paste (ESC [ 200 ~); without it each
// pasted line would count as typed.
#pragma once

#include <memory>
#include <string>

namespace ingot::cli {

class LineEditor {
 public:
  enum class Event {
    kLine,       // text is what was typed, without the newline
    kEnd,        // Ctrl-D on an empty line, or the terminal is gone
    kInterrupt,  // Ctrl-C on an empty line; on any other it clears the line and reading goes on
  };
  struct Input {
    Event event = Event::kEnd;
    std::string text;
  };

  // history_path: read now, written after each line, for its owner alone; empty: no history is kept. Null where the
  // terminal cannot be edited on.
  static std::unique_ptr<LineEditor> open(const std::string& history_path);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // prompt may hold escape sequences between bytes 1 ("\001").
  Input read(const std::string& prompt);
  // Remembers a message, for the arrow keys and the next time.
  void remember(const std::string& text);

 private:
  struct Impl;
  explicit LineEditor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot::cli
