// A piece of an answer as a reader of plain text sees it.
#pragma once

#include <fmt/format.h>

#include <string>

#include "ingot/chat_output.h"

namespace ingot::cli {

inline std::string delta_text(const ChatDelta& delta) {
  switch (delta.kind) {
    case ChatDeltaKind::kText:
    case ChatDeltaKind::kReasoning:
    case ChatDeltaKind::kCallArguments:
      return delta.text;
    case ChatDeltaKind::kCallBegin:
      return fmt::format("\n[calls {}] ", delta.name);
    case ChatDeltaKind::kCallEnd:
    case ChatDeltaKind::kCallFailed:
      return "\n";
  }
  return {};
}

}  // namespace ingot::cli
