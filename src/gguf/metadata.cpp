#include "gguf/metadata.h"

#include <limits>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

bool is_integer(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kUint16:
    case GgufType::kInt16:
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kUint64:
    case GgufType::kInt64:
      return true;
    default:
      return false;
  }
}

bool is_float(GgufType type) {
  return type == GgufType::kFloat32 || type == GgufType::kFloat64;
}

bool is_array_of(const GgufValue& value, bool (*matches)(GgufType)) {
  return value.type == GgufType::kArray && matches(value.element_type);
}

std::string describe(const GgufValue& value) {
  if (value.type != GgufType::kArray) return gguf_type_name(value.type);
  return fmt::format("array of {}", gguf_type_name(value.element_type));
}

tl::unexpected<Error> wrong_type(std::string_view key, const GgufValue& found, const char* expected) {
  return invalid("key {}: found {}, expected {}", printable(key), describe(found), expected);
}

Result<int64_t> as_int(std::string_view key, const GgufValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value.value)) return *number;
  return invalid("key {}: {} is too large, expected at most {}", printable(key), std::get<uint64_t>(value.value),
                 std::numeric_limits<int64_t>::max());
}

}  // namespace

const char* gguf_type_name(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
      return "uint8";
    case GgufType::kInt8:
      return "int8";
    case GgufType::kUint16:
      return "uint16";
    case GgufType::kInt16:
      return "int16";
    case GgufType::kUint32:
      return "uint32";
    case GgufType::kInt32:
      return "int32";
    case GgufType::kFloat32:
      return "float32";
    case GgufType::kBool:
      return "bool";
    case GgufType::kString:
      return "string";
    case GgufType::kArray:
      return "array";
    case GgufType::kUint64:
      return "uint64";
    case GgufType::kInt64:
      return "int64";
    case GgufType::kFloat64:
      return "float64";
  }
  return "unknown";
}

const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

bool GgufMetadata::insert(std::string key, GgufValue value) {
  return entries_.emplace(std::move(key), std::move(value)).second;
}

Result<std::optional<int64_t>> GgufMetadata::get_int(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!is_integer(value->type)) return wrong_type(key, *value, "an integer");
  INGOT_ASSIGN(const int64_t number, as_int(key, *value));
  return number;
}

Result<std::optional<double>> GgufMetadata::get_float(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!is_float(value->type)) return wrong_type(key, *value, "float32 or float64");
  return std::get<double>(value->value);
}

Result<std::optional<bool>> GgufMetadata::get_bool(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != GgufType::kBool) return wrong_type(key, *value, "bool");
  return std::get<int64_t>(value->value) != 0;
}

Result<std::optional<std::string>> GgufMetadata::get_string(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != GgufType::kString) return wrong_type(key, *value, "string");
  return std::get<std::string>(value->value);
}

Result<std::optional<std::vector<int64_t>>> GgufMetadata::get_ints(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (is_array_of(*value, is_integer)) return std::get<std::vector<int64_t>>(value->value);
  if (!is_integer(value->type)) return wrong_type(key, *value, "an integer or an array of integers");
  INGOT_ASSIGN(const int64_t number, as_int(key, *value));
  return std::vector<int64_t>{number};
}

Result<std::optional<std::vector<double>>> GgufMetadata::get_floats(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!is_array_of(*value, is_float)) return wrong_type(key, *value, "array of float32 or float64");
  return std::get<std::vector<double>>(value->value);
}

Result<std::optional<std::vector<bool>>> GgufMetadata::get_bools(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type == GgufType::kBool) return std::vector<bool>{std::get<int64_t>(value->value) != 0};
  if (value->type != GgufType::kArray || value->element_type != GgufType::kBool) {
    return wrong_type(key, *value, "bool or array of bool");
  }
  const auto& numbers = std::get<std::vector<int64_t>>(value->value);
  return std::vector<bool>(numbers.begin(), numbers.end());
}

Result<std::optional<std::vector<std::string>>> GgufMetadata::get_strings(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != GgufType::kArray || value->element_type != GgufType::kString) {
    return wrong_type(key, *value, "array of string");
  }
  return std::get<std::vector<std::string>>(value->value);
}

}  // namespace ingot::core
