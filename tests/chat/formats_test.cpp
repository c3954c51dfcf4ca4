// Every example of every family, whole, in all pieces, and cut off anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "examples.h"

namespace ingot::core {
namespace {

using ::testing::ElementsAreArray;

class Formats : public ::testing::TestWithParam<Example> {};

void expect_same(const ParsedOutput& pieces, const ParsedOutput& whole) {
  EXPECT_EQ(pieces.malformed_at, whole.malformed_at);
  ASSERT_EQ(pieces.deltas.size(), whole.deltas.size());
  for (size_t index = 0; index < whole.deltas.size(); ++index) {
    EXPECT_EQ(pieces.deltas[index].kind, whole.deltas[index].kind);
    EXPECT_EQ(pieces.deltas[index].call, whole.deltas[index].call);
    EXPECT_EQ(pieces.deltas[index].text, whole.deltas[index].text);
    EXPECT_EQ(pieces.deltas[index].name, whole.deltas[index].name);
    EXPECT_EQ(pieces.deltas[index].id, whole.deltas[index].id);
  }
}

TEST_P(Formats, SaysWhatTheAnswerSays) {
  const Example& example = GetParam();
  const ParsedOutput output = parse(example.format, example.answer);
  EXPECT_EQ(output.text, example.text);
  EXPECT_EQ(output.reasoning, example.reasoning);
  EXPECT_THAT(output.calls, ElementsAreArray(example.calls));
  EXPECT_EQ(output.malformed(), example.malformed);
  if (output.malformed()) {
    EXPECT_LE(*output.malformed_at, example.answer.size());
  }
}

TEST_P(Formats, DoesNotDependOnThePieces) {
  const Example& example = GetParam();
  const std::string_view answer = example.answer;
  const ParsedOutput whole = parse(example.format, answer);
  for (size_t cut = 0; cut <= answer.size(); ++cut) {
    SCOPED_TRACE(cut);
    expect_same(parse_pieces(make_parser(example.format), {answer.substr(0, cut), answer.substr(cut)}), whole);
    if (HasFailure()) return;
  }
  std::vector<std::string_view> bytes;
  for (size_t index = 0; index < answer.size(); ++index) bytes.push_back(answer.substr(index, 1));
  expect_same(parse_pieces(make_parser(example.format), bytes), whole);

  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string_view> pieces;
    for (size_t begin = 0; begin < answer.size();) {
      const size_t n_bytes = std::min<size_t>(random() % 9, answer.size() - begin);
      pieces.push_back(answer.substr(begin, n_bytes));
      begin += n_bytes;
    }
    expect_same(parse_pieces(make_parser(example.format), pieces), whole);
  }
}

// A call that is whole stays one however the answer goes on, and the rest of a cut answer is found in its text.
TEST_P(Formats, LosesNothingWhenCutAnywhere) {
  const Example& example = GetParam();
  const std::string_view answer = example.answer;
  const ParsedOutput whole = parse(example.format, answer);
  for (size_t cut = 0; cut < answer.size(); ++cut) {
    SCOPED_TRACE(answer.substr(0, cut));
    const ParsedOutput output = parse(example.format, answer.substr(0, cut));
    ASSERT_LE(output.calls.size(), whole.calls.size());
    for (size_t index = 0; index < output.calls.size(); ++index) {
      EXPECT_EQ(output.calls[index].name, whole.calls[index].name);
      EXPECT_EQ(output.calls[index].arguments, whole.calls[index].arguments);
    }
    EXPECT_TRUE(output.deltas.empty() || output.deltas.back().kind != OutputDeltaKind::kCallArguments);
    if (output.calls.empty() && !output.deltas.empty() && output.malformed()) {
      // Content that could be read, then the end of the answer as it is.
      const std::string& content = output.deltas.back().text;
      size_t n_common = 0;
      while (n_common < content.size() && content[content.size() - 1 - n_common] == answer[cut - 1 - n_common])
        ++n_common;
      EXPECT_GT(n_common, 0u);
      const std::string readable = content.substr(0, content.size() - n_common);
      EXPECT_TRUE(whole.text.starts_with(readable) || whole.reasoning.starts_with(readable)) << readable;
    }
  }
}

// What has arrived by now is handed on by now, but for what may still become something else.
TEST_P(Formats, HoldsBackLittle) {
  const Example& example = GetParam();
  OutputParser parser = make_parser(example.format);
  std::vector<OutputDelta> deltas;
  for (const char byte : example.answer) parser.push({&byte, 1}, deltas);
  std::string text;
  for (const OutputDelta& delta : deltas) text += delta.kind == OutputDeltaKind::kText ? delta.text : "";
  const size_t n_before = text.size();
  parser.finish(deltas);
  text.clear();
  for (const OutputDelta& delta : deltas) text += delta.kind == OutputDeltaKind::kText ? delta.text : "";
  if (!example.malformed && example.calls.empty() && example.format != "llama3") {
    EXPECT_LE(text.size() - n_before, 30u) << "a marker's beginning at most";
  }
}

INSTANTIATE_TEST_SUITE_P(WellFormed, Formats, ::testing::ValuesIn(well_formed_examples()));
INSTANTIATE_TEST_SUITE_P(Others, Formats, ::testing::ValuesIn(other_examples()));

TEST(Examples, CoverEveryFormat) {
  for (const OutputFormat* format : output_formats()) {
    const auto of_format = [&](const Example& example) { return example.format == format->name; };
    EXPECT_TRUE(std::any_of(well_formed_examples().begin(), well_formed_examples().end(), of_format)) << format->name;
  }
}

}  // namespace
}  // namespace ingot::core
