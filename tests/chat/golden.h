// What the tests of chat share: goldens of tests/golden/chat, and rendering with data as JSON.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "chat/jinja/template.h"

namespace ingot::core::test {

inline nlohmann::json read_chat_golden(const std::string& name) {
  std::ifstream file(std::filesystem::path(INGOT_CHAT_GOLDENS) / name);
  return nlohmann::json::parse(file);
}

// A file of data/ outside the repository, if it is there.
inline std::optional<std::string> read_data(const std::string& name) {
  const char* data = std::getenv("INGOT_TEST_DATA");
  const auto folder = data != nullptr ? std::filesystem::path(data)
                                      : std::filesystem::path(INGOT_CHAT_GOLDENS) / "../../../../shared/data";
  std::ifstream file(folder / name, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Names and JSON texts.
using Data = std::map<std::string, std::string>;

inline Result<jinja::Rendered> render(std::string_view source, const Data& data = {},
                                      std::string_view now = "2024-07-26T14:05:09") {
  std::vector<jinja::Variable> variables;
  for (const auto& [name, json] : data) variables.push_back({name, jinja::Variable::Type::kUserJson, json});
  INGOT_ASSIGN(const auto parsed, jinja::Template::parse(source));
  INGOT_ASSIGN(const auto time, jinja::parse_iso_time(now));
  return parsed.render(variables, time);
}

// The text, or the error's message behind "error: ".
inline std::string rendered(std::string_view source, const Data& data = {}) {
  const auto result = render(source, data);
  return result ? result->text : "error: " + result.error().message;
}

}  // namespace ingot::core::test
