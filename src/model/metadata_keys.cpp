#include "model/metadata_keys.h"

namespace ingot::core {
namespace {

Status check_range(const std::string& name, int64_t value, IntRange range) {
  if (value >= range.min && value <= range.max) return {};
  return invalid("{} is {}; expected {} to {}", name, value, range.min, range.max);
}

Status check_range(const std::string& name, double value, FloatRange range) {
  if (value >= range.min && value <= range.max) return {};  // false for a NaN
  return invalid("{} is {}; expected {} to {}", name, value, range.min, range.max);
}

tl::unexpected<Error> missing(const std::string& name) {
  return invalid("the metadata key {} is missing", name);
}

}  // namespace

std::string MetadataKeys::full_name(std::string_view key) const {
  return fmt::format("{}.{}", architecture_, key);
}

bool MetadataKeys::has(std::string_view key) const {
  return metadata_.find(full_name(key)) != nullptr;
}

bool MetadataKeys::is_array(std::string_view key) const {
  const GgufValue* value = metadata_.find(full_name(key));
  return value != nullptr && value->type == GgufType::kArray;
}

Result<int64_t> MetadataKeys::required_int(std::string_view key, IntRange range) const {
  const std::string name = full_name(key);
  INGOT_ASSIGN(const std::optional<int64_t> value, metadata_.get_int(name));
  if (!value) return missing(name);
  INGOT_TRY(check_range(name, *value, range));
  return *value;
}

Result<int64_t> MetadataKeys::int_or(std::string_view key, int64_t absent, IntRange range) const {
  if (!has(key)) return absent;
  return required_int(key, range);
}

Result<double> MetadataKeys::required_float(std::string_view key, FloatRange range) const {
  const std::string name = full_name(key);
  INGOT_ASSIGN(const std::optional<double> value, metadata_.get_float(name));
  if (!value) return missing(name);
  INGOT_TRY(check_range(name, *value, range));
  return *value;
}

Result<double> MetadataKeys::float_or(std::string_view key, double absent, FloatRange range) const {
  if (!has(key)) return absent;
  return required_float(key, range);
}

Result<bool> MetadataKeys::bool_or(std::string_view key, bool absent) const {
  INGOT_ASSIGN(const std::optional<bool> value, metadata_.get_bool(full_name(key)));
  return value.value_or(absent);
}

Result<std::string> MetadataKeys::string_or(std::string_view key, std::string_view absent) const {
  INGOT_ASSIGN(std::optional<std::string> value, metadata_.get_string(full_name(key)));
  return value ? *std::move(value) : std::string(absent);
}

Result<std::vector<int64_t>> MetadataKeys::ints_per_layer(std::string_view key, int64_t n_layers,
                                                          const std::vector<int64_t>& absent, IntRange range) const {
  const std::string name = full_name(key);
  INGOT_ASSIGN(std::optional<std::vector<int64_t>> values, metadata_.get_ints(name));
  if (!values) return absent.empty() ? Result<std::vector<int64_t>>(missing(name)) : absent;
  if (values->size() == 1) values->resize(static_cast<size_t>(n_layers), values->front());
  if (static_cast<int64_t>(values->size()) != n_layers) {
    return invalid("{} has {} entries; expected one, or one for each of {} layers", name, values->size(), n_layers);
  }
  for (const int64_t value : *values) INGOT_TRY(check_range(name, value, range));
  return *std::move(values);
}

Result<std::vector<bool>> MetadataKeys::required_flags(std::string_view key, int64_t n) const {
  const std::string name = full_name(key);
  INGOT_ASSIGN(std::optional<std::vector<bool>> flags, metadata_.get_bools(name));
  if (!flags) return missing(name);
  if (static_cast<int64_t>(flags->size()) != n) {
    return invalid("{} has {} entries; expected one for each of {} layers", name, flags->size(), n);
  }
  return *std::move(flags);
}

}  // namespace ingot::core
