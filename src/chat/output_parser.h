// Takes what a model writes apart while it writes: text, reasoning and calls of tools, as its OutputFormat says.
//
// The result depends on the bytes alone, not on the pieces they come in. What cannot be parsed stays text and is
// reported by malformed_at(), never an error. The rules:
//
// - Control tokens come spelled out, in their place in the text: the markers of most formats are control tokens.
// - White space beside a marker is markup; where text goes on behind a section, it keeps the space that was in between.
// - A call is announced (kCallBegin) when its name is known and its arguments begin, and its arguments are handed on as
//   they come, while they are a beginning of JSON. What has been handed on cannot be taken back: the byte that does not
//   fit, or the end of the answer, makes kCallFailed of it, and everything that was read since the last call or marker
//   follows as text, byte for byte. It is not searched for markers again, so time is linear.
// - A call ends with its JSON. That its closing marker lacks or is followed by something else is reported, and takes
//   nothing from the call. An answer may end without the closing marker.
//
// Held back are: the beginning of a marker, white space that a marker may follow (at most 64 bytes), and the call that
// is being read (at most max_call_bytes; a longer one has failed).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/call_object.h"
#include "chat/json_scanner.h"
#include "chat/output_delta.h"
#include "chat/output_format.h"
#include "chat/parameter_types.h"

namespace ingot::core {

class OutputParser {
 public:
  struct Options {
    // The prompt has begun the reasoning: prompt_opens_reasoning(). Means nothing to a format without reasoning.
    bool in_reasoning = false;
    size_t max_call_bytes = size_t{4} << 20;
    ParameterTypes types = {};
  };

  OutputParser(const OutputFormat& format, Options options);

  // Appends what has become certain. Neighbouring deltas of one kind are one.
  void push(std::string_view text, std::vector<OutputDelta>& out_deltas);
  // The answer has ended; nothing may follow.
  void finish(std::vector<OutputDelta>& out_deltas);

  // The offset of the first byte that did not fit, in all that was pushed.
  std::optional<size_t> malformed_at() const { return malformed_at_; }

 private:
  enum class Match { kNone, kPartial, kFull };

  // output_parser.cpp: content, and what is common
  void run();
  bool read_content();
  void pass_space();
  Match find_marker(const Marker** out_marker) const;
  bool apply(const Marker& marker);
  void write(size_t end);
  void emit(OutputDeltaKind kind, std::string_view text);
  void commit();
  void enter(Content content);
  void report(size_t position);
  Match match(std::string_view text) const;
  bool is_space_until(size_t end) const;
  size_t here() const { return base_ + at_; }

  // output_steps.cpp: each returns false where more bytes are needed
  void begin_steps(std::string_view label, bool is_soft);
  bool step();
  bool fail();
  bool read_literal(const FormatStep& step);
  bool read_space();
  bool read_word(const FormatStep& step);
  bool read_key();
  bool read_call();
  bool read_arguments();
  bool read_value(std::string_view closer);
  bool read_quoted();
  bool add_parameter(const std::optional<std::string>& value);
  bool end_call();
  void announce(const std::string& name, const std::string& id);
  void send_arguments(size_t end);
  void jump(std::string_view label);
  bool over_limit() const { return at_ - begin_ > options_.max_call_bytes; }

  const OutputFormat* format_;
  Options options_;
  std::array<bool, 256> begins_marker_{};
  std::vector<OutputDelta>* out_ = nullptr;
  std::optional<size_t> malformed_at_;
  bool finished_ = false;

  std::string buffer_;  // what is not certain yet
  size_t base_ = 0;     // the offset of its first byte in all that was pushed
  size_t begin_ = 0;    // of the buffer: handed on or taken as markup up to here
  size_t at_ = 0;       // read up to here

  Content content_ = Content::kText;
  bool text_seen_ = false;     // text other than space has been written
  bool after_marker_ = false;  // white space is markup here
  bool long_space_ = false;    // the space before at_ was too much to hold and has been written
  std::string gap_;            // space around sections since the last text, for text that goes on behind them
  bool gap_is_fixed_ = false;
  size_t n_space_before_ = 0;  // bytes of space between begin_ and the marker

  bool in_steps_ = false;
  size_t step_ = 0;
  bool is_soft_ = false;
  bool committed_ = false;  // something that these steps read has been accepted
  std::string name_;
  std::string id_;
  bool call_open_ = false;
  size_t n_calls_ = 0;          // announced
  std::optional<size_t> sent_;  // offset of the next byte of arguments to hand on
  std::optional<CallObject> object_;
  std::optional<JsonScanner> arguments_;
  std::string key_;
  std::optional<size_t> n_parameters_;  // of a call that has them one by one
  std::optional<size_t> value_begin_;   // offset
  std::string quoted_;
  bool is_escaped_ = false;
};

}  // namespace ingot::core
