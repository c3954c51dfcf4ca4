#include "chat/chat_template.h"

#include <fmt/ranges.h>

#include "chat/builtin_templates.h"

namespace ingot::core {
namespace {

// The first character that is no white space.
char first_character(std::string_view json) {
  const size_t at = json.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : json[at];
}

}  // namespace

Result<ChatTemplate> ChatTemplate::parse(ChatTemplateSources sources) {
  if (sources.main.empty()) {
    return invalid("no chat template; --chat-template takes one by name ({}) or from a file",
                   fmt::join(builtin_template_names(), ", "));
  }
  auto main = jinja::Template::parse(sources.main);
  if (!main) return tl::unexpected(main.error().context("chat template"));
  std::optional<jinja::Template> tool_use;
  if (!sources.tool_use.empty()) {
    auto parsed = jinja::Template::parse(sources.tool_use);
    if (!parsed) return tl::unexpected(parsed.error().context("chat template tool_use"));
    tool_use = std::move(*parsed);
  }
  return ChatTemplate(std::move(sources), std::move(*main), std::move(tool_use));
}

Result<jinja::Rendered> ChatTemplate::render(const ChatInput& input) const {
  using Type = jinja::Variable::Type;
  if (first_character(input.messages) != '[') return invalid("messages: a JSON list of messages was expected");
  std::vector<jinja::Variable> variables{
      {"messages", Type::kUserJson, input.messages},
      {"add_generation_prompt", Type::kBool, input.add_generation_prompt ? "1" : ""},
      {"bos_token", Type::kTrusted, input.bos.empty() ? std::string_view(sources_.bos) : input.bos},
      {"eos_token", Type::kTrusted, input.eos.empty() ? std::string_view(sources_.eos) : input.eos}};
  if (!input.tools.empty()) variables.push_back({"tools", Type::kUserJson, input.tools});
  if (!input.documents.empty()) variables.push_back({"documents", Type::kUserJson, input.documents});
  for (const auto& [name, json] : input.variables) variables.push_back({name, Type::kUserJson, json});
  jinja::LocalTime now;
  if (input.now.empty()) {
    now = jinja::local_time_now();
  } else {
    INGOT_ASSIGN(now, jinja::parse_iso_time(input.now));
  }
  const bool with_tools = tool_use_ && !input.tools.empty();
  auto rendered = (with_tools ? *tool_use_ : main_).render(variables, now);
  if (!rendered) {
    return tl::unexpected(rendered.error().context(with_tools ? "chat template tool_use" : "chat template"));
  }
  return rendered;
}

}  // namespace ingot::core
