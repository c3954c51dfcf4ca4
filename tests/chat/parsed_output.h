// An answer as a parser took it apart, with every law that deltas keep checked on the way.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/call_object.h"
#include "chat/output_parser.h"

namespace ingot::core {

struct ParsedCall {
  std::string name;
  std::string arguments;
  std::string id;
  bool operator==(const ParsedCall&) const = default;
};

inline void PrintTo(const ParsedCall& call, std::ostream* out) {
  *out << call.name << call.arguments << '#' << call.id;
}

struct ParsedOutput {
  std::string text;
  std::string reasoning;
  std::vector<ParsedCall> calls;
  std::optional<size_t> malformed_at;
  std::vector<OutputDelta> deltas;  // neighbours of one kind joined: the same for every way to cut the answer

  bool malformed() const { return malformed_at.has_value(); }
};

inline OutputParser make_parser(std::string_view format, OutputParser::Options options = {}) {
  return OutputParser(*find_output_format(format), std::move(options));
}

inline ParsedOutput parse_pieces(OutputParser parser, const std::vector<std::string_view>& pieces) {
  ParsedOutput output;
  // One vector for all: what is appended to its last delta is what a reader would append himself.
  for (const std::string_view piece : pieces) parser.push(piece, output.deltas);
  parser.finish(output.deltas);
  output.malformed_at = parser.malformed_at();

  std::optional<ParsedCall> open;
  size_t n_begun = 0;
  for (const OutputDelta& delta : output.deltas) {
    switch (delta.kind) {
      case OutputDeltaKind::kText:
        EXPECT_FALSE(open) << "text inside a call";
        output.text += delta.text;
        break;
      case OutputDeltaKind::kReasoning:
        EXPECT_FALSE(open) << "reasoning inside a call";
        output.reasoning += delta.text;
        break;
      case OutputDeltaKind::kCallBegin:
        EXPECT_FALSE(open) << "a call inside a call";
        EXPECT_EQ(delta.call, n_begun++);
        EXPECT_FALSE(delta.name.empty());
        open = ParsedCall{delta.name, "", delta.id};
        break;
      case OutputDeltaKind::kCallArguments:
        EXPECT_TRUE(open);
        EXPECT_EQ(delta.call + 1, n_begun);
        if (open) open->arguments += delta.text;
        break;
      case OutputDeltaKind::kCallEnd:
        EXPECT_TRUE(open);
        EXPECT_EQ(delta.call + 1, n_begun);
        if (!open) break;
        EXPECT_TRUE(open->id.empty() || open->id == delta.id);
        EXPECT_TRUE(is_json_object(open->arguments)) << open->arguments;
        open->id = delta.id;
        output.calls.push_back(*open);
        open.reset();
        break;
      case OutputDeltaKind::kCallFailed:
        EXPECT_TRUE(open);
        EXPECT_TRUE(output.malformed());
        open.reset();
        break;
    }
  }
  EXPECT_FALSE(open) << "a call neither ended nor failed";
  return output;
}

inline ParsedOutput parse(std::string_view format, std::string_view answer, OutputParser::Options options = {}) {
  return parse_pieces(make_parser(format, std::move(options)), {answer});
}

}  // namespace ingot::core
