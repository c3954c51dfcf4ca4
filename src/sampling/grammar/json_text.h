// JSON as it is generated: the expressions of its text.
//
// Strings whose characters matter (names, enum, const, pattern, format, length) have one form: what JSON must escape
// is escaped, in the short form where there is one and as \u00xx else, and nothing more. Free strings may use every
// escape of JSON that stands for a whole character. Space stands only where a line may break.
#pragma once

#include <string>
#include <string_view>

#include "sampling/grammar/syntax.h"

namespace ingot::core {

class JsonText {
 public:
  explicit JsonText(Syntax& syntax);

  // After '{', '[' and ',', and before '}' and ']': nothing, a space, or a new line and its indentation.
  Expression line_break() const { return line_break_; }
  // After ':'.
  Expression colon() const { return colon_; }
  // Any character of ranges, in its one form. Precondition: normalized.
  Expression characters(const CodeRanges& ranges);
  Expression any_character() const { return any_character_; }
  // The characters between the quotes of a free string, one at a time.
  Expression free_character() const { return free_character_; }
  Expression quoted(Expression body);
  Expression free_string();
  Expression free_number();
  Expression free_integer();

  // The one form of these characters, without quotes.
  static std::string escaped(std::string_view text);

 private:
  Expression compact(Expression expression);

  Syntax& syntax_;
  Expression line_break_;
  Expression colon_;
  Expression any_character_;
  Expression free_character_;
};

}  // namespace ingot::core
