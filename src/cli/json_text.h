// JSON as the program prints it: pure ASCII, so that nothing in a file or a text can steer a terminal; bytes that are
// no UTF-8 become U+FFFD.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace ingot::cli {

using Json = nlohmann::ordered_json;

inline constexpr int kJsonSchema = 1;

// One document and a newline. indent -1: on one line.
inline std::string json_text(const Json& json, int indent = 2) {
  return json.dump(indent, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) + "\n";
}

}  // namespace ingot::cli
