#include "chat/parameter_types.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "chat/json_scanner.h"

namespace ingot::core {

namespace {

using nlohmann::json;

const json* member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

// A number, true, false, null, a list or an object. A text in quotes is the text with its quotes: templates print
// strings bare.
bool reads_as_json(std::string_view text) {
  if (text.empty() || text[0] == '"') return false;
  JsonScanner scanner;
  // The space behind ends a number.
  return std::all_of(text.begin(), text.end(), [&](char byte) { return scanner.push(byte); }) && scanner.push(' ') &&
         scanner.done();
}

}  // namespace

Result<ParameterTypes> ParameterTypes::create(std::string_view tools_json) {
  ParameterTypes types;
  if (tools_json.empty()) return types;
  const json tools = json::parse(tools_json, nullptr, /*allow_exceptions=*/false);
  if (!tools.is_array()) return invalid("the tools of a request are expected as a JSON list of objects");
  for (const json& tool : tools) {
    const json* function = member(tool, "function");
    if (function == nullptr) function = &tool;
    const json* name = member(*function, "name");
    const json* parameters = member(*function, "parameters");
    const json* properties = parameters == nullptr ? nullptr : member(*parameters, "properties");
    if (name == nullptr || !name->is_string() || properties == nullptr || !properties->is_object()) continue;
    for (const auto& [key, schema] : properties->items()) {
      const json* type = member(schema, "type");
      if (type != nullptr && *type == "string") types.strings_[name->get<std::string>()].insert(key);
    }
  }
  return types;
}

bool ParameterTypes::is_string(std::string_view tool, std::string_view parameter) const {
  const auto found = strings_.find(tool);
  return found != strings_.end() && found->second.contains(parameter);
}

std::optional<std::string> json_string(std::string_view text) {
  if (!is_utf8(text)) return std::nullopt;
  return json(text).dump();
}

std::optional<std::string> json_of_parameter(std::string_view text, bool is_string) {
  if (is_string) return json_string(text);
  if (text == "True") return "true";
  if (text == "False") return "false";
  if (text == "None") return "null";
  if (reads_as_json(text)) return std::string(text);
  return json_string(text);
}

}  // namespace ingot::core
