// The JSON files of a model's folder, read with errors that name file and key.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ingot::core {

using Json = nlohmann::json;

// Whether the folder has such a file at all; what cannot be looked at is not there.
bool is_there(const std::string& path);

// Errors: the system's; no JSON; above 256 MiB.
Result<Json> read_json_file(const std::string& path);

// A value as an error shows it: one line, cut where it is long.
std::string shown_json(const Json& value);

// An object inside such a file. get_*: empty if the key is absent or null; an error where it has another type.
class JsonObject {
 public:
  // name: what errors call it, "config.json" or "config.json: rope_scaling". Errors: value is no object.
  static Result<JsonObject> make(const Json& value, std::string name);

  const std::string& name() const { return name_; }
  // Null if the key is absent or null.
  const Json* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  Result<std::optional<int64_t>> get_int(std::string_view key) const;  // from 0 to 2^31 - 1, as GGUF keeps them
  Result<std::optional<double>> get_float(std::string_view key) const;
  Result<std::optional<bool>> get_bool(std::string_view key) const;
  Result<std::optional<std::string>> get_string(std::string_view key) const;
  Result<std::optional<JsonObject>> get_object(std::string_view key) const;
  Result<int64_t> required_int(std::string_view key) const;  // at least 1

  // "config.json: hidden_size is "many", expected a number".
  tl::unexpected<Error> wrong(std::string_view key, std::string_view expected) const;

 private:
  JsonObject(const Json& value, std::string name) : value_(&value), name_(std::move(name)) {}

  const Json* value_;
  std::string name_;
};

}  // namespace ingot::core
