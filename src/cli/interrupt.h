// Ctrl-C: the first one ends a generation in good order, any other ends the program at once, both with exit code 130.
#pragma once

#include "ingot/types.h"

namespace ingot::cli {

// From now on Ctrl-C ends the program with exit code 130.
void install_interrupt_handler();

// While this lives, the first Ctrl-C cancels the token instead. One at a time.
class InterruptScope {
 public:
  explicit InterruptScope(const CancelToken& token);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

// While it lives, Ctrl-C cancels what an InterruptScope names and never ends the program: in a chat it may come just
// when an answer has ended, and the conversation would be gone.
class StayScope {
 public:
  StayScope();
  ~StayScope();
  StayScope(const StayScope&) = delete;
  StayScope& operator=(const StayScope&) = delete;
};

}  // namespace ingot::cli
