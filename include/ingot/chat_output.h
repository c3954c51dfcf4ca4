// What a model writes, taken apart: text for the user, reasoning, and calls of tools.
//
// The parser reads text with control tokens spelled out in their place, since the markers of most formats are control
// tokens: Tokenizer::piece(), or Tokenizer::detokenize() with show_control. The token that ends the generation is not
// handed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/expected.h"

namespace ingot {

struct ChatOutputOptions {
  // One of chat_output_formats(); detect_chat_output_format() finds it from a template. "plain": all is text.
  std::string format = "plain";
  // The prompt has begun the reasoning, so that the answer goes on with it: opens_chat_reasoning(). Means nothing to a
  // format without reasoning.
  bool in_reasoning = false;
  // The tools of the request, a JSON list of {"type": "function", "function": {"name", "parameters"}}, or empty.
  // Formats that write arguments as plain text (qwen3-coder) need it to tell the string 5 from the number 5.
  std::string tools_json = {};
  // A longer call is none and becomes text; as much is held in memory while a call is read.
  size_t max_call_bytes = size_t{4} << 20;
};

enum class ChatDeltaKind : uint8_t {
  kText,
  kReasoning,
  kCallBegin,      // a call: call, name, and id where the format has it in front
  kCallArguments,  // more of its arguments: raw JSON text, as the model writes it
  kCallEnd,        // it is whole: call, and id where the format has one
  kCallFailed,     // it was none after all and does not count: what was read of it follows as text
};

struct ChatDelta {
  ChatDeltaKind kind = ChatDeltaKind::kText;
  size_t call = 0;  // of calls: which one, from 0 in the order of kCallBegin
  std::string text = {};
  std::string name = {};
  std::string id = {};
};

struct ChatToolCall {
  std::string id = {};  // empty where the format has none
  std::string name = {};
  std::string arguments_json = {};  // a JSON object
};

// What an answer says. append() collects it from deltas; a call that is still open is then the last of tool_calls.
struct ChatOutput {
  std::string text = {};
  std::string reasoning = {};
  std::vector<ChatToolCall> tool_calls = {};
  // Something looked like markup and was not: it is in text, from this byte of the answer on or around it.
  bool malformed = false;
  size_t malformed_at = 0;
};

// The names that ChatOutputOptions::format may have.
std::vector<std::string> chat_output_formats();
// The format that goes with a chat template, from its source; "plain" where nothing in it is known.
std::string detect_chat_output_format(std::string_view template_source);
// Whether a rendered prompt, or its end, leaves the model inside the reasoning, as templates do that end in <think>.
// False for a format that is not known.
bool opens_chat_reasoning(std::string_view format, std::string_view prompt);

// Reads one answer, in pieces of any size: the deltas of all pieces together depend on the bytes alone. Nothing that a
// model writes is an error. Not for several threads at once.
class ChatOutputParser {
 public:
  // Errors: a format that is not known, tools that are no JSON list.
  static Expected<ChatOutputParser> create(const ChatOutputOptions& options);
  ~ChatOutputParser();
  ChatOutputParser(ChatOutputParser&& other) noexcept;
  ChatOutputParser& operator=(ChatOutputParser&& other) noexcept;

  // What has become certain with this text. Neighbouring deltas are of different kinds.
  std::vector<ChatDelta> push(std::string_view text);
  // The rest, when the answer has ended. Nothing may be pushed behind it.
  std::vector<ChatDelta> finish();
  // The first byte, of all that was pushed, that did not fit where markup was expected; none if all did.
  std::optional<size_t> malformed_at() const;

 private:
  struct Impl;
  explicit ChatOutputParser(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Adds deltas to an answer. malformed and malformed_at are the parser's to tell.
void append(ChatOutput& output, const std::vector<ChatDelta>& deltas);

// A whole answer at once. Errors: as ChatOutputParser::create.
Expected<ChatOutput> parse_chat_output(std::string_view answer, const ChatOutputOptions& options);

}  // namespace ingot
