// The public handle of a chat template, over chat/chat_template.h.
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.h"
#include "chat/builtin_templates.h"
#include "engine/api_errors.h"
#include "engine/api_handles.h"
#include "engine/chat_prompt.h"
#include "gguf/reader.h"
#include "ingot/chat.h"
#include "model/vocabulary.h"

namespace ingot {

struct ChatTemplate::Impl {
  core::ChatTemplate source;
};

namespace {

using Json = nlohmann::ordered_json;

Json call_json(const ChatToolCall& call) {
  Json arguments = Json::parse(call.arguments_json, nullptr, /*allow_exceptions=*/false);
  // A call that was cut off in the middle stands there as far as it came.
  if (arguments.is_discarded()) arguments = core::well_formed(call.arguments_json);
  Json json{{"type", "function"},
            {"function", {{"name", core::well_formed(call.name)}, {"arguments", std::move(arguments)}}}};
  if (!call.id.empty()) json["id"] = core::well_formed(call.id);
  return json;
}

core::Result<core::ChatTemplate> open_template(const std::string& path) {
  INGOT_ASSIGN(const core::GgufFile file, core::GgufFile::open(path));
  auto parsed = core::read_vocabulary(file.metadata()).and_then(core::Tokenizer::create).and_then([](auto tokenizer) {
    return core::chat_template_of(*tokenizer);
  });
  if (!parsed) return tl::unexpected(parsed.error().context(path));
  if (file.damaged()) return core::fail(core::ErrorKind::kIo, "{}: the file changed while it was read", path);
  return parsed;
}

}  // namespace

std::string messages_json(std::span<const ChatMessage> messages) {
  Json list = Json::array();
  for (const ChatMessage& message : messages) {
    Json entry{{"role", core::well_formed(message.role)}, {"content", core::well_formed(message.content)}};
    if (!message.name.empty()) entry["name"] = core::well_formed(message.name);
    for (const ChatToolCall& call : message.tool_calls) entry["tool_calls"].push_back(call_json(call));
    if (!message.tool_call_id.empty()) entry["tool_call_id"] = core::well_formed(message.tool_call_id);
    list.push_back(std::move(entry));
  }
  return list.dump();
}

Expected<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  return guarded([&]() -> Expected<ChatTemplate> {
    auto parsed = core::ChatTemplate::parse({.main = std::string(source), .tool_use = {}, .bos = {}, .eos = {}});
    if (!parsed) return to_public(std::move(parsed).error());
    return ChatTemplate(std::make_shared<const Impl>(Impl{std::move(*parsed)}));
  });
}

Expected<ChatTemplate> ChatTemplate::built_in(std::string_view name) {
  return guarded([&]() -> Expected<ChatTemplate> {
    auto parsed = core::builtin_template(name).and_then([](const core::BuiltinTemplate& found) {
      return core::ChatTemplate::parse({.main = std::string(found.source),
                                        .tool_use = {},
                                        .bos = std::string(found.bos),
                                        .eos = std::string(found.eos)});
    });
    if (!parsed) return to_public(std::move(parsed).error());
    return ChatTemplate(std::make_shared<const Impl>(Impl{std::move(*parsed)}));
  });
}

std::vector<std::string> ChatTemplate::built_in_names() {
  const auto names = core::builtin_template_names();
  return {names.begin(), names.end()};
}

Expected<ChatTemplate> ChatTemplate::open(const std::string& path) {
  return guarded([&]() -> Expected<ChatTemplate> {
    auto parsed = open_template(path);
    if (!parsed) return to_public(std::move(parsed).error());
    return ChatTemplate(std::make_shared<const Impl>(Impl{std::move(*parsed)}));
  });
}

Expected<ChatTemplate> Model::chat_template() const {
  return guarded([&]() -> Expected<ChatTemplate> {
    auto parsed = core::chat_template_of(*impl_->engine->tokenizer());
    if (!parsed) return to_public(std::move(parsed).error());
    return ChatTemplate(std::make_shared<const ChatTemplate::Impl>(ChatTemplate::Impl{std::move(*parsed)}));
  });
}

const std::string& ChatTemplate::source() const {
  return impl_->source.source();
}

Expected<RenderedPrompt> ChatTemplate::render(std::string_view messages, const RenderOptions& options) const {
  return guarded([&]() -> Expected<RenderedPrompt> {
    auto rendered = impl_->source.render({.messages = messages,
                                          .tools = options.tools,
                                          .documents = options.documents,
                                          .variables = options.variables,
                                          .bos = options.bos,
                                          .eos = options.eos,
                                          .add_generation_prompt = options.add_generation_prompt,
                                          .now = options.now});
    if (!rendered) return to_public(std::move(rendered).error());
    RenderedPrompt prompt{.text = std::move(rendered->text), .user_ranges = {}};
    for (const core::jinja::ByteSpan& span : rendered->user) prompt.user_ranges.push_back({span.begin, span.end});
    return prompt;
  });
}

}  // namespace ingot
