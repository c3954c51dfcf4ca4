// The public functions that take an answer apart, over OutputParser.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "chat/output_parser.h"
#include "engine/api_errors.h"
#include "ingot/chat_output.h"

namespace ingot {
namespace {

ChatDelta to_public(core::OutputDelta delta) {
  static_assert(static_cast<int>(core::OutputDeltaKind::kCallFailed) == static_cast<int>(ChatDeltaKind::kCallFailed),
                "the two lists of kinds are one");
  return {.kind = static_cast<ChatDeltaKind>(delta.kind),
          .call = delta.call,
          .text = std::move(delta.text),
          .name = std::move(delta.name),
          .id = std::move(delta.id)};
}

core::Result<core::OutputParser> make_parser(const ChatOutputOptions& options) {
  const core::OutputFormat* format = core::find_output_format(options.format);
  if (format == nullptr) {
    std::string names;
    for (const std::string& name : chat_output_formats()) names += (names.empty() ? "" : ", ") + name;
    return core::invalid("chat output format '{}' is not known: one of {} is expected", core::printable(options.format),
                         names);
  }
  INGOT_ASSIGN(auto types, core::ParameterTypes::create(options.tools_json));
  return core::OutputParser(
      *format,
      {.in_reasoning = options.in_reasoning, .max_call_bytes = options.max_call_bytes, .types = std::move(types)});
}

}  // namespace

std::vector<std::string> chat_output_formats() {
  std::vector<std::string> names;
  for (const core::OutputFormat* format : core::output_formats()) names.emplace_back(format->name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string detect_chat_output_format(std::string_view template_source) {
  return std::string(core::detect_output_format(template_source).name);
}

bool opens_chat_reasoning(std::string_view format, std::string_view prompt) {
  const core::OutputFormat* found = core::find_output_format(format);
  return found != nullptr && core::prompt_opens_reasoning(*found, prompt);
}

struct ChatOutputParser::Impl {
  core::OutputParser parser;

  static std::vector<ChatDelta> to_deltas(std::vector<core::OutputDelta> from) {
    std::vector<ChatDelta> to;
    to.reserve(from.size());
    for (core::OutputDelta& delta : from) to.push_back(to_public(std::move(delta)));
    return to;
  }
};

ChatOutputParser::ChatOutputParser(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatOutputParser::~ChatOutputParser() = default;
ChatOutputParser::ChatOutputParser(ChatOutputParser&& other) noexcept = default;
ChatOutputParser& ChatOutputParser::operator=(ChatOutputParser&& other) noexcept = default;

Expected<ChatOutputParser> ChatOutputParser::create(const ChatOutputOptions& options) {
  return guarded([&]() -> Expected<ChatOutputParser> {
    auto parser = make_parser(options);
    if (!parser) return to_public(std::move(parser).error());
    return ChatOutputParser(std::make_unique<Impl>(Impl{std::move(*parser)}));
  });
}

std::vector<ChatDelta> ChatOutputParser::push(std::string_view text) {
  std::vector<core::OutputDelta> deltas;
  impl_->parser.push(text, deltas);
  return Impl::to_deltas(std::move(deltas));
}

std::vector<ChatDelta> ChatOutputParser::finish() {
  std::vector<core::OutputDelta> deltas;
  impl_->parser.finish(deltas);
  return Impl::to_deltas(std::move(deltas));
}

std::optional<size_t> ChatOutputParser::malformed_at() const {
  return impl_->parser.malformed_at();
}

void append(ChatOutput& output, const std::vector<ChatDelta>& deltas) {
  for (const ChatDelta& delta : deltas) {
    switch (delta.kind) {
      case ChatDeltaKind::kText:
        output.text += delta.text;
        break;
      case ChatDeltaKind::kReasoning:
        output.reasoning += delta.text;
        break;
      case ChatDeltaKind::kCallBegin:
        output.tool_calls.push_back({.id = delta.id, .name = delta.name});
        break;
      case ChatDeltaKind::kCallArguments:
        if (!output.tool_calls.empty()) output.tool_calls.back().arguments_json += delta.text;
        break;
      case ChatDeltaKind::kCallEnd:
        if (!output.tool_calls.empty()) output.tool_calls.back().id = delta.id;
        break;
      case ChatDeltaKind::kCallFailed:
        if (!output.tool_calls.empty()) output.tool_calls.pop_back();
        break;
    }
  }
}

Expected<ChatOutput> parse_chat_output(std::string_view answer, const ChatOutputOptions& options) {
  auto parser = ChatOutputParser::create(options);
  if (!parser) return parser.error();
  return guarded([&]() -> Expected<ChatOutput> {
    ChatOutput output;
    append(output, parser->push(answer));
    append(output, parser->finish());
    output.malformed = parser->malformed_at().has_value();
    output.malformed_at = parser->malformed_at().value_or(0);
    return output;
  });
}

}  // namespace ingot
