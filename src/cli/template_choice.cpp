#include "cli/template_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json_text.h"
#include "cli/streams.h"

namespace ingot::cli {

Expected<ChatTemplate> parse_template_file(const std::string& path) {
  const Expected<std::string> source = read_file(path);
  if (!source) return source.error();
  auto parsed = ChatTemplate::parse(*source);
  if (!parsed) return Error{parsed.error().code, fmt::format("{}: {}", path, parsed.error().message)};
  return parsed;
}

Expected<ChatTemplate> choose_template(const std::string& name_or_path) {
  const auto names = ChatTemplate::built_in_names();
  if (std::ranges::find(names, name_or_path) != names.end()) return ChatTemplate::built_in(name_or_path);
  // Without a dot or a slash, and no file: a name was meant, and the error lists them.
  if (name_or_path.find_first_of("./") == std::string::npos && !read_file(name_or_path)) {
    return ChatTemplate::built_in(name_or_path);
  }
  return parse_template_file(name_or_path);
}

void warn_of_hidden_tools(const ChatTemplate& chat_template, const std::string& messages,
                          const RenderOptions& options) {
  if (options.tools.empty()) return;
  RenderOptions no_tools = options;
  no_tools.tools.clear();
  const auto with = chat_template.render(messages, options);
  const auto without = chat_template.render(messages, no_tools);
  if (with && without && with->text == without->text) {
    say("warning: --tools: this chat template has no place for tools; the model does not see them");
  }
}

Expected<std::vector<std::pair<std::string, std::string>>> parse_variables(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kInvalidInput, fmt::format("--var {}: expected NAME=JSON", text)};
    }
    const std::string name = text.substr(0, equals);
    const std::string json = text.substr(equals + 1);
    if (!Json::accept(json)) {
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("--var {}: {} is no JSON; a text needs quotes: --var '{}=\"...\"'", text, json, name)};
    }
    variables.emplace_back(name, json);
  }
  return variables;
}

}  // namespace ingot::cli
