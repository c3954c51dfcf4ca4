#include "convert/json_file.h"

#include <filesystem>
#include <limits>
#include <utility>

#include "base/mapped_file.h"
#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr size_t kMostFileBytes = size_t{256} << 20;  // the largest tokenizer.json in use has 35 MB

}  // namespace

bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Result<Json> read_json_file(const std::string& path) {
  INGOT_ASSIGN(const auto file, MappedFile::open(path));
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  if (text.size() > kMostFileBytes) {
    return invalid("{}: has {} bytes, at most {} are possible", printable(path, 4096), text.size(), kMostFileBytes);
  }
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (file->damaged()) return fail(ErrorKind::kIo, "{}: the file changed while it was read", printable(path, 4096));
  if (json.is_discarded()) return invalid("{}: is no JSON", printable(path, 4096));
  return json;
}

std::string shown_json(const Json& value) {
  return printable(value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace));
}

Result<JsonObject> JsonObject::make(const Json& value, std::string name) {
  if (!value.is_object()) return invalid("{} is {}, expected an object", name, shown_json(value));
  return JsonObject(value, std::move(name));
}

const Json* JsonObject::find(std::string_view key) const {
  const auto found = value_->find(key);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

tl::unexpected<Error> JsonObject::wrong(std::string_view key, std::string_view expected) const {
  const Json* value = find(key);
  if (value == nullptr) return invalid("{}: {} is missing, expected {}", name_, key, expected);
  return invalid("{}: {} is {}, expected {}", name_, key, shown_json(*value), expected);
}

Result<std::optional<int64_t>> JsonObject::get_int(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  const bool fits = value->is_number_unsigned() && value->get<uint64_t>() <= static_cast<uint64_t>(kMost);
  if (!fits) return wrong(key, fmt::format("a whole number from 0 to {}", kMost));
  return value->get<int64_t>();
}

Result<std::optional<double>> JsonObject::get_float(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) return wrong(key, "a number");
  return value->get<double>();
}

Result<std::optional<bool>> JsonObject::get_bool(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) return wrong(key, "true or false");
  return value->get<bool>();
}

Result<std::optional<std::string>> JsonObject::get_string(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return wrong(key, "a text");
  return value->get<std::string>();
}

Result<std::optional<JsonObject>> JsonObject::get_object(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return wrong(key, "an object");
  return JsonObject(*value, fmt::format("{}: {}", name_, key));
}

Result<int64_t> JsonObject::required_int(std::string_view key) const {
  INGOT_ASSIGN(const auto value, get_int(key));
  if (!value || *value == 0) return wrong(key, "a whole number from 1 on");
  return *value;
}

}  // namespace ingot::core
