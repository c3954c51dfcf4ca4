// What a parser of chat output says, piece by piece: text, reasoning, and calls of tools.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ingot::core {

enum class OutputDeltaKind : uint8_t {
  kText,
  kReasoning,
  kCallBegin,      // a call whose name is known
  kCallArguments,  // more of its arguments, raw JSON text
  kCallEnd,        // the arguments are whole: valid JSON, an object
  kCallFailed,     // it was none after all: the next delta is its text, whole
};

struct OutputDelta {
  OutputDeltaKind kind = OutputDeltaKind::kText;
  size_t call = 0;        // of calls: which one, from 0 in the order of kCallBegin
  std::string text = {};  // of kText, kReasoning and kCallArguments
  std::string name = {};  // of kCallBegin
  std::string id = {};    // of kCallBegin where the format has it in front, of kCallEnd where it has one at all
};

}  // namespace ingot::core
