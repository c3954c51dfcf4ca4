#include "cli/template_choice.h"

#include <fmt/format.h>

#include <algorithm>

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

}  // namespace ingot::cli
